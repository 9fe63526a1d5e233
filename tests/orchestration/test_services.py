"""What the supervisor asks of services, when something odd answers."""

import socket
import threading

from orchestration.services import _silent
from orchestration.supervisor import NO_ANSWER


def test_something_that_does_not_speak_http_is_no_answer() -> None:
    with socket.create_server(("127.0.0.1", 0)) as server:

        def answer() -> None:
            connection, _ = server.accept()
            with connection:
                connection.recv(4096)
                connection.sendall(b"220 mail.example.com ESMTP\r\n\r\n")

        thread = threading.Thread(target=answer)
        thread.start()
        assert _silent(f"http://127.0.0.1:{server.getsockname()[1]}/health") == NO_ANSWER
        thread.join()
