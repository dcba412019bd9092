"""The memory of a process: now, and the most while something is done."""

import asyncio

import psutil

MB = 2**20


def resident(process):
    """What a process takes by now, in MB."""
    return psutil.Process(process.pid).memory_info().rss // MB


async def peak(process, work):
    """Do some work, and return the most that a process took meanwhile, in MB."""
    task, most = asyncio.ensure_future(work), 0
    while not task.done():
        most = max(most, resident(process))
        await asyncio.wait([task], timeout=0.1)
    await task
    return most
