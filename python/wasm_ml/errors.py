"""What can go wrong in the sandbox and with devices. Wrong data and parameters are ValueError and TypeError, a quota that is
met MemoryError, a timeout TimeoutError."""


class Error(RuntimeError):
    """Of the host or of a module."""


class DeviceError(Error):
    """A device or backend cannot be used, or cannot do this; the text says why and what to do about it."""


class TrapError(Error):
    """A module trapped."""


class LimitError(Error):
    """A module met one of its limits, or was interrupted."""


__all__ = ["DeviceError", "Error", "LimitError", "TrapError"]
