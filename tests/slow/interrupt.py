"""Run cells on the tslab kernel in the current folder, interrupting the first once it has shown something.

    python interrupt.py SECONDS CELL...

Within so many seconds the kernel must be there, and each cell done. Prints one JSON object a line: for each cell its status, and all the text that it showed.
"""

import json
import sys

from jupyter_client.manager import KernelManager


def main(seconds: str, *cells: str) -> None:
    manager = KernelManager(kernel_name="tslab")
    manager.start_kernel()
    client = manager.client()
    client.start_channels()
    try:
        client.wait_for_ready(timeout=int(seconds))
        for number, code in enumerate(cells):
            texts: list[str] = []

            def shown(message: dict, number: int = number, texts: list[str] = texts) -> None:
                content = message["content"]
                text = content.get("text") or content.get("data", {}).get("text/plain")
                if text is None:
                    return
                if number == 0 and not texts:
                    manager.interrupt_kernel()
                texts.append(f"{message['msg_type']}: {text}")

            reply = client.execute_interactive(code, timeout=int(seconds), output_hook=shown)
            print(json.dumps({"status": reply["content"]["status"], "texts": texts}), flush=True)
    finally:
        client.stop_channels()
        manager.shutdown_kernel(now=True)


main(*sys.argv[1:])
