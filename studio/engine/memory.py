"""Memory: tell a lack of memory from every other fault."""

# torch reports a lack of main memory as a RuntimeError with one of these phrases in it.
PHRASES = ("out of memory", "can't allocate memory", "not enough memory", "cublas_status_alloc_failed")


def is_out_of_memory(error: BaseException) -> bool:
    """Whether a fault means that memory ran out, on a GPU or in main memory."""
    import torch

    if isinstance(error, MemoryError | torch.OutOfMemoryError):
        return True
    return isinstance(error, RuntimeError) and any(phrase in str(error).lower() for phrase in PHRASES)


def release_memory() -> None:
    """Give back what nothing holds any more, so that the next try begins with all of it."""
    import gc

    import torch

    gc.collect()
    if torch.cuda.is_available():
        torch.cuda.empty_cache()


def free_memory() -> int:
    """Bytes that are free where models live: on the GPU if there is one, else in main memory."""
    import psutil
    import torch

    return torch.cuda.mem_get_info()[0] if torch.cuda.is_available() else psutil.virtual_memory().available


def total_memory() -> int:
    """All bytes where models live."""
    import psutil
    import torch

    is_on_gpu = torch.cuda.is_available()
    return torch.cuda.get_device_properties(0).total_memory if is_on_gpu else psutil.virtual_memory().total
