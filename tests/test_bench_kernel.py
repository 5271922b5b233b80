"""The panel in a real kernel, clicked as a browser clicks: by messages, without a browser."""

import queue
import time
from dataclasses import dataclass

import pytest
from jupyter_client import KernelManager
from patience import seconds

SETUP = """
import threading
from ftkit import SFT, Full, Recipe, Task, Train, bench
short = Train(steps=6, batch=4, dtype="float32", eval_examples=2)
recipe = Recipe({folder!r}, SFT(), Task(examples=20), Full(), short)
long = recipe.but(steps=100_000, checkpoint_every=100_000)
panel = bench.panel(long, "clicks")
"""
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
        assert content["status"] == "ok", "\n".join(content.get("traceback", [content.get("evalue", "")]))
        printed = ""
        while True:
            message = self.client.get_iopub_msg(timeout=30)
            if message["parent_header"].get("msg_id") == request:
                if message["msg_type"] == "stream":
                    printed += message["content"]["text"]
                if message["content"].get("execution_state") == "idle":
                    return printed.strip()

    def click(self, widget: str) -> None:
        """As JupyterLab says that a button was pressed."""
        comm = self.tell(f"print({widget}.model_id)")
        content = {"comm_id": comm, "data": {"method": "custom", "content": {"event": "click"}}}
        self.client.shell_channel.send(self.client.session.msg("comm_msg", content))

    def until(self, words: str, patience: float = 600) -> str:
        """Asks for the panel's state until it begins so."""
        end = time.monotonic() + patience
        while time.monotonic() < end:
            said = self.tell(STATE)
            if said.startswith(words) and (words != "running" or int(said.split()[1]) > 1):
                return said
            time.sleep(0.05)
        raise TimeoutError(f"the panel says {said!r}, not {words!r}")


@pytest.fixture(scope="module")
def kernel(tiny_folder, tmp_path_factory):
    import os

    folder = tmp_path_factory.mktemp("kernel")
    own = {"FTKIT_MODE": "thread", "FTKIT_RUNS": str(folder / "runs"), "IPYTHONDIR": str(folder / "ipython")}
    manager = KernelManager(kernel_name="python3")
    manager.start_kernel(env=os.environ | own, cwd=str(folder))
    client = manager.client()
    client.start_channels()
    client.wait_for_ready(timeout=120)
    found = Kernel(manager, client)
    found.tell(SETUP.format(folder=str(tiny_folder)))
    yield found
    client.stop_channels()
    manager.shutdown_kernel(now=True)


def test_a_double_click_starts_one_thread_and_stop_stops_it(kernel):
    kernel.click("panel.view.buttons['run']")
    kernel.click("panel.view.buttons['run']")
    said = kernel.until("running")
    assert said.split()[2] == "1"
    assert kernel.tell("print('ft-last' in panel.view.texts['curve'].value)") == "True"
    patience = seconds(2)  # one for Stop, one for asking
    kernel.click("panel.view.buttons['stop']")
    kernel.until("stopped", patience)
    assert kernel.tell("import ftkit; print([one.status for one in ftkit.runs.store().runs()])") == "['stopped']"


def test_the_kernel_answers_while_a_run_goes_on(kernel):
    kernel.tell("panel = bench.panel(long, 'answers')")
    kernel.click("panel.view.buttons['run']")
    first = int(kernel.until("running").split()[1])
    times = []
    for _ in range(5):
        began = time.monotonic()
        kernel.tell("1 + 1")
        times.append(time.monotonic() - began)
    assert sorted(times)[2] < seconds(1)
    assert int(kernel.tell(STATE).split()[1]) > first
    kernel.click("panel.view.buttons['stop']")
    kernel.until("stopped")


def test_the_stop_square_of_a_waiting_cell_is_stop(kernel):
    kernel.tell("panel = bench.panel(long, 'square')")
    request = kernel.send("done = panel.result(); print(done.status)")
    time.sleep(1)
    kernel.manager.interrupt_kernel()
    assert kernel.reply(request)["status"] == "ok"
    assert kernel.tell("print(done.status, panel.state)") == "stopped stopped"


def test_an_error_in_the_worker_is_an_error_of_the_cell(kernel):
    kernel.tell("panel = bench.panel(recipe.but(model='nobody'), 'error')")
    content = kernel.reply(kernel.send("panel.result()"))
    assert (content["status"], content["ename"]) == ("error", "ValueError")
    assert "choose one of" in content["evalue"]


def test_a_cell_that_is_run_again_replaces_its_panel(kernel):
    kernel.tell("panel = bench.panel(long, 'again'); first = panel; panel.start()")
    kernel.until("running")
    kernel.tell("panel = bench.panel(recipe, 'again')")
    assert kernel.tell("print(first.state, panel.state)") == "stopped idle"
    assert kernel.tell("print(panel.result().status)").endswith("done")
