"""Execute notebooks in fresh kernels and write each as a page. One JSON object a line on standard output says how far it is.

    python execute.py [--save] OUT_DIR NOTEBOOK...

The notebooks themselves are only read; with --save, those that ran without an error keep their outputs. A page is written beside its place and moved there when it is whole. The work
stops, and its kernel with it, on SIGINT, on SIGTERM, and when standard input ends: so that it never outlives its starter.
"""

import asyncio
import json
import os
import signal
import sys
import threading
import warnings

sys.modules["rfc3987_syntax"] = None  # for jsonschema: a grammar slower to load than all else here

import nbformat
from nbclient import NotebookClient
from nbclient.exceptions import CellExecutionError, DeadKernelError
from nbconvert import HTMLExporter
from nbconvert.filters import strip_ansi

# A kernel inherits standard output: what it prints must not mix with the events.
events = os.fdopen(os.dup(1), "w", encoding="utf-8")
os.dup2(2, 1)


def tell(**change):
    events.write(json.dumps(change) + "\n")
    events.flush()


def sentence(name, value):
    """One line: what an error said first."""
    return f"{name}: {value}".strip(": \n").splitlines()[0]


async def execute(path):
    """The notebook with its outputs, or None after telling what failed in which cell."""
    notebook = nbformat.read(path, as_version=4)
    cells = [cell for cell in notebook.cells if cell.cell_type == "code" and cell.source.strip()]
    tell(stage="starting", cell=0, cells=len(cells))
    failed = None

    def on_cell_execute(cell, cell_index):
        tell(stage="executing", cell=next(i for i, other in enumerate(cells, 1) if other is cell))

    def on_cell_error(cell, cell_index, execute_reply):
        nonlocal failed
        failed = execute_reply["content"]

    # A cell may compute for as long as it likes. A kernel that is slow to start, or to send what a cell showed, is
    # waited for, as a busy machine makes it: after nbclient's own 4 seconds outputs would be lost without a word.
    patience = {"timeout": None, "startup_timeout": 300, "iopub_timeout": 300}
    client = NotebookClient(notebook, **patience, coalesce_streams=True, record_timing=False)
    client.on_cell_execute, client.on_cell_error = on_cell_execute, on_cell_error
    client.create_kernel_manager()
    # Not client.execute(): it takes the signals for itself, and goes on to the next notebook after them.
    try:
        await client.async_start_new_kernel(cwd=os.path.dirname(path))
        await client.async_start_new_kernel_client()
        info = await client.async_wait_for_reply(client.kc.kernel_info())
        notebook.metadata["language_info"] = info["content"]["language_info"]
        for index, cell in enumerate(notebook.cells):
            await client.async_execute_cell(cell, index, execution_count=client.code_cells_executed + 1)
        for number, cell in enumerate(cells, 1):
            cell["execution_count"] = number
    except CellExecutionError:
        detail = strip_ansi("\n".join(failed["traceback"]))
        tell(stage="failed", problem=sentence(failed["ename"], failed["evalue"]), detail=detail)
        return None
    finally:
        if client.km.has_kernel:
            await client.km.shutdown_kernel(now=True)
        if client.kc is not None:
            client.kc.stop_channels()
    return notebook


def write(content, path):
    """All of the content, or the file that was there before."""
    beside = f"{path}.{os.getpid()}.part"
    try:
        with open(beside, "w", encoding="utf-8") as file:
            file.write(content)
            file.flush()
            os.fsync(file.fileno())
        os.replace(beside, path)
    finally:
        if os.path.exists(beside):
            os.remove(beside)


async def report(path, out_dir, save):
    name = os.path.splitext(os.path.basename(path))[0]
    notebook = await execute(path)
    if notebook is None:
        return
    tell(stage="writing", cell=0)
    metadata = {"name": name, "path": os.path.dirname(path)}
    page, _ = HTMLExporter(template_name="tapescope").from_notebook_node(notebook, {"metadata": metadata})
    if save:
        write(nbformat.writes(notebook) + "\n", path)
    html = os.path.join(out_dir, name + ".html")
    write(page, html)
    tell(stage="done", html=html, bytes=os.path.getsize(html))


async def main(out_dir, paths, save):
    loop, task = asyncio.get_running_loop(), asyncio.current_task()
    stopping = False

    def stop():
        nonlocal stopping
        if not stopping:
            stopping = True
            task.cancel()

    def watch_starter():
        while os.read(0, 1024):
            pass
        loop.call_soon_threadsafe(stop)

    threading.Thread(target=watch_starter, daemon=True).start()
    try:
        loop.add_signal_handler(signal.SIGINT, stop)
        loop.add_signal_handler(signal.SIGTERM, stop)
    except NotImplementedError:
        pass  # Windows

    for path in paths:
        tell(stage="starting", notebook=path, cell=0, cells=0)
        try:
            await report(os.path.abspath(path), os.path.abspath(out_dir), save)
        except (Exception, asyncio.CancelledError) as error:
            if stopping:
                sys.exit(130)
            if isinstance(error, DeadKernelError):
                tell(stage="failed", problem="The kernel died.", detail="The kernel died.")
            else:
                name = type(error).__name__
                tell(stage="failed", problem=sentence(name, error), detail=f"{name}: {error}")


warnings.simplefilter("ignore")  # a page says itself what it cannot show
words = [word for word in sys.argv[1:] if word != "--save"]
asyncio.run(main(words[0], words[1:], save="--save" in sys.argv[1:]))
