"""A kernel of one's own, clicked as a browser clicks: by messages, without a browser."""

import os
import queue
import time
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from jupyter_client import KernelManager
from patience import seconds

STATE = "print(panel.state, panel.step, sum(one.name == 'ftkit-run' for one in threading.enumerate()))"


@dataclass
class Kernel:
    """A kernel and a way to talk to it."""

    manager: KernelManager
    client: object

    def send(self, code: str) -> str:
        return self.client.execute(code, store_history=False)

    def reply(self, request: str) -> dict:
        """The answer to a request, which may have been an error."""
        end = time.monotonic() + seconds(120)
        while time.monotonic() < end:
            try:
                message = self.client.get_shell_msg(timeout=1)
            except queue.Empty:
                continue
            if message["parent_header"].get("msg_id") == request:
                return message["content"]
        raise TimeoutError("the kernel did not answer")

    def tell(self, code: str) -> str:
        """What a cell prints; raises what it raises."""
        request = self.send(code)
        content = self.reply(request)
        while content["status"] == "aborted":  # ipykernel 6 refuses for a moment whatever comes after an error
            request = self.send(code)
            content = self.reply(request)
        assert content["status"] == "ok", "\n".join(content.get("traceback", [content.get("evalue", "")]))
        printed = ""
        while True:
            message = self.client.get_iopub_msg(timeout=30)
            if message["parent_header"].get("msg_id") == request:
                if message["msg_type"] == "stream":
                    printed += message["content"]["text"]
                if message["content"].get("execution_state") == "idle":
                    return printed.strip()

    def hear(self, request: str, words: str) -> None:
        """Waits until the output of a cell that goes on shows these words."""
        end = time.monotonic() + seconds(120)
        while time.monotonic() < end:
            message = self.client.get_iopub_msg(timeout=30)
            shown = message["content"].get("data", {}).get("text/plain", "")
            if message["parent_header"].get("msg_id") == request and words in shown:
                return
        raise TimeoutError(f"the cell never said {words!r}")

    def click(self, widget: str) -> None:
        """As JupyterLab says that a button was pressed."""
        self._comm(widget, {"method": "custom", "content": {"event": "click"}})

    def put(self, widget: str, **state) -> None:
        """As JupyterLab says that a control was moved."""
        self._comm(widget, {"method": "update", "state": state, "buffer_paths": []})

    def until(self, words: str, patience: float = 600, threads: int | None = None) -> str:
        """Asks for the panel's state until it begins so, and so many threads train."""
        end = time.monotonic() + patience
        while time.monotonic() < end:
            said = self.tell(STATE)
            if threads not in (None, int(said.split()[2])):
                continue
            if said.startswith(words) and (words != "running" or int(said.split()[1]) > 1):
                return said
            time.sleep(0.05)
        raise TimeoutError(f"the panel says {said!r}, not {words!r}")

    def _comm(self, widget: str, data: dict) -> None:
        content = {"comm_id": self.tell(f"print({widget}.model_id)"), "data": data}
        self.client.shell_channel.send(self.client.session.msg("comm_msg", content))


@contextmanager
def started(folder: Path, **environment: str):
    """A Kernel whose runs and settings are kept in a folder."""
    own = {"FTKIT_RUNS": str(folder / "runs"), "IPYTHONDIR": str(folder / "ipython"), **environment}
    manager = KernelManager(kernel_name="python3")
    manager.start_kernel(env=os.environ | own, cwd=str(folder))
    client = manager.client()
    client.start_channels()
    client.wait_for_ready(timeout=120)
    try:
        yield Kernel(manager, client)
    finally:
        client.stop_channels()
        manager.shutdown_kernel(now=True)
