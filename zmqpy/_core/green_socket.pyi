from zmqpy._core.socket import Socket

class GreenSocket(Socket):
    def _events(self) -> int: ...
