from zmqpy._core.batch import BatchSocket

class GreenSocket(BatchSocket):
    def _events(self) -> int: ...
