"""Run groups of cells on the tslab kernel in the current folder. The cells of a group are sent at once; the next group is
sent when an error is shown or all have ended.

Takes the groups as JSON; prints for each cell its status and what it showed, as JSON. In place of a cell may stand a
question, ["complete" or "inspect", code, position]; printed is its answer.
"""

import json
import sys

from jupyter_client.manager import KernelManager


def main(groups: list[list]) -> None:
    manager = KernelManager(kernel_name="tslab")
    manager.start_kernel()
    client = manager.client()
    client.start_channels()
    cells: dict[str, dict] = {}
    idle: set[str] = set()

    def hear() -> bool:
        """Take one message; whether it was an error."""
        message = client.get_iopub_msg(timeout=300)
        kind, content, cell = message["msg_type"], message["content"], cells.get(message["parent_header"].get("msg_id"))
        if cell is None:
            return False
        if kind == "status" and content["execution_state"] == "idle":
            idle.add(message["parent_header"]["msg_id"])
        elif kind == "stream":
            cell[content["name"]] = cell.get(content["name"], "") + content["text"]
        elif kind == "error":
            cell["error"] = {name: content[name] for name in ("ename", "evalue", "traceback")}
        return kind == "error"

    try:
        client.wait_for_ready(timeout=300)
        for group in groups:
            sent = {
                client.execute(entry) if isinstance(entry, str) else getattr(client, entry[0])(*entry[1:]): {}
                for entry in group
            }
            cells.update(sent)
            while not idle.issuperset(sent) and not hear():
                pass
        while not idle.issuperset(cells):
            hear()
        while any("status" not in cell for cell in cells.values()):
            reply = client.get_shell_msg(timeout=300)
            content, cell = reply["content"], cells.get(reply["parent_header"]["msg_id"], {})
            cell["status"] = content.get("status")
            cell.update({name: content[name] for name in ("matches", "cursor_start", "cursor_end", "data") if name in content})
        print(json.dumps(list(cells.values())))
    finally:
        client.stop_channels()
        manager.shutdown_kernel(now=True)


main(json.loads(sys.argv[1]))
