"""What can be wrong, as exceptions with one clear line each."""


class CmixpyError(ValueError):
    """Base of every error that cmixpy raises about its input or options."""


class DamagedError(CmixpyError):
    """The input is no archive, or it is truncated or altered; the message names the place."""


class UnsupportedError(CmixpyError):
    """The archive is sound, but needs a format version or a model that is not here."""


class OptionError(CmixpyError):
    """A level, preset, lane count or size that cannot be used."""


class MemoryLimitError(CmixpyError):
    """The work needs more memory than is allowed or available."""
