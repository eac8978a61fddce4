"""A network between a page and the server that can be cut: with a reset, or silently, as a tunnel does."""

import socket
import threading


class Relay:
    """Forwards every connection to a server; a device opens pages under `url`."""

    tls = False

    def __init__(self, server):
        self.server = server
        self.lock = threading.Lock()
        self.is_cut = False
        self.pairs = []
        self.lost = set()
        self.listener = socket.create_server(("127.0.0.1", 0))
        self.port = self.listener.getsockname()[1]
        threading.Thread(target=self._accept, daemon=True).start()

    @property
    def url(self):
        return f"http://127.0.0.1:{self.port}"

    def cut(self, silently=False):
        """Nothing passes any more; silently: nobody is told before `restore`."""
        with self.lock:
            self.is_cut = True
            if not silently:
                self._reset()

    def forget(self):
        """The connections there are lead nowhere any more, and nobody is told; new ones work."""
        with self.lock:
            self.lost.update(end for pair in self.pairs for end in pair)

    def restore(self):
        with self.lock:
            self._reset()
            self.is_cut = False

    def close(self):
        self.listener.close()
        self.cut()

    def _reset(self):
        for pair in self.pairs:
            for end in pair:
                hang_up(end)
        self.pairs = []

    def _accept(self):
        while True:
            try:
                near, _ = self.listener.accept()
            except OSError:
                return
            try:
                far = socket.create_connection(("127.0.0.1", self.server.port), timeout=5)
            except OSError:
                near.close()
                continue
            for end in (near, far):
                end.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            far.settimeout(None)
            with self.lock:
                if self.is_cut:
                    near.close()
                    far.close()
                    continue
                self.pairs.append((near, far))
            for source, sink in ((near, far), (far, near)):
                threading.Thread(target=self._forward, args=(source, sink), daemon=True).start()

    def _forward(self, source, sink):
        try:
            while data := source.recv(65_536):
                if self.is_cut or source in self.lost:
                    continue  # into the void; `restore` resets the connection
                sink.sendall(data)
        except OSError:
            pass
        hang_up(sink)
        source.close()


def hang_up(end):
    """Ends a connection; the thread that reads from it closes it."""
    try:
        end.shutdown(socket.SHUT_RDWR)
    except OSError:
        pass
