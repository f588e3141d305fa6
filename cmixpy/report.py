"""What the codec says about its work while it works; silent unless a subclass listens."""


class Report:
    """Receives news of one compression or decompression, on the thread that does the work."""

    def begin(self, total: int | None) -> None:
        """Work begins on `total` bytes of original data, None when nobody knows yet."""

    def advance(self, original: int, archived: int) -> None:
        """So many bytes of original and of archive, from the start, are done."""

    def note(self, text: str) -> None:
        """A choice that was made: for those who asked to see them."""

    def compiling(self) -> None:
        """The kernels are about to be compiled, which takes a while."""


SILENT = Report()
