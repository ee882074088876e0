"""Results on disk: netCDF-4 whose bytes depend on the run alone.

The root group holds the draws (`keep="draws"`), the group `summary` the statistics; both carry the
coordinates, the root also the provenance. Files are written in blocks of fixed size in a fixed
order, without times, so that identical runs have identical bytes on any number of workers.
"""

from __future__ import annotations

import contextlib
import io
import json
import os
from collections.abc import Callable, Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

import numpy as np

from sim.errors import ResultError
from sim.montecarlo.chunks import Arrays, replacing
from sim.results.dataset import attributes, dimensions
from sim.results.provenance import residuals
from sim.results.summary import is_summary, summarise

if TYPE_CHECKING:
    import xarray as xr

__all__ = ["Coordinates", "Keep", "load_result", "load_summary", "save_result", "write_result"]

Keep = Literal["draws", "summary"]
Blocks = Callable[[range], Arrays]
Coordinates = Mapping[str, tuple[str, tuple[str, ...]]]
Attributes = Mapping[str, str | int | float]

_ROWS = 4096  # draws of a block on disk
_AT_ONCE = 2 * _ROWS  # draws in memory
_SUMMARY = "summary"
_ALONE = ("regime", "solution", "parameter")  # read one by one


def write_result(
    path: Path,
    blocks: Blocks,
    n_draws: int,
    *,
    coords: Coordinates,
    attrs: Attributes,
    keep: Keep = "draws",
    threads: int = 1,
) -> None:
    """Write a result from blocks of draws, of which no more than two are in memory.

    Parameters
    ----------
    path : Path
        The file; replaced only when the new one is whole.
    blocks : callable
        From a range of draws to their arrays, by the names of `SCHEMA`.
    n_draws : int
        Number of draws.
    coords : mapping of str to (str, tuple of str)
        Labels: name to dimension and values; the index of a dimension has its name.
    attrs : mapping
        Provenance; the quantiles of the residuals are added.
    keep : {"draws", "summary"}
        Whether the draws stay in the file, or only their statistics.
    threads : int
        See `summarise`.

    Raises
    ------
    ResultError
        Full disk, unwritable folder; `path` is as it was.
    """
    import xarray as xr

    if keep not in ("draws", "summary"):
        raise ResultError(f"keep {keep!r}: allowed are 'draws' and 'summary'")
    with replacing(path) as part:
        _write_draws(part, blocks, n_draws, coords, attrs)
        with xr.open_dataset(part, engine="h5netcdf", cache=False) as draws:
            found = residuals(draws["residual"].values, draws["converged"].values)
            statistics = summarise(draws, threads=threads)
        whole: Attributes = {**attrs, "residual": found}
        if keep == "summary":
            part.unlink()
        _write_summary(part, statistics, coords, whole)


def save_result(dataset: xr.Dataset, path: str | os.PathLike[str], *, keep: Keep = "draws") -> None:
    """Write a result that is in memory, or lazily opened, to a netCDF file.

    Parameters
    ----------
    dataset : xarray.Dataset
        With draws, as `simulate` and `load_result` return it.
    path : str or path-like
        The file; replaced only when the new one is whole.
    keep : {"draws", "summary"}
        Whether the draws stay in the file, or only their statistics.

    Raises
    ------
    ResultError
        The dataset holds no draws, or the file cannot be written.
    """
    if is_summary(dataset):
        raise ResultError("a summary holds no draws to save: save the result it was made from")

    def blocks(rows: range) -> Arrays:
        part = dataset.isel(draw=slice(rows.start, rows.stop))
        return {str(name): part[name].values for name in dataset.data_vars}

    coords = {
        str(name): (str(value.dims[0]), tuple(str(label) for label in value.values))
        for name, value in dataset.coords.items()
    }
    attrs = {str(name): _plain(value) for name, value in dataset.attrs.items()}
    attrs.pop("residual", None)
    n_draws = int(dataset.sizes["draw"])
    write_result(Path(path), blocks, n_draws, coords=coords, attrs=attrs, keep=keep)


def load_result(path: str | os.PathLike[str]) -> xr.Dataset:
    """Open a result; its numbers are read when they are used.

    Parameters
    ----------
    path : str or path-like
        A `.nc` file, or the folder of a run that holds `result.nc`.

    Returns
    -------
    xarray.Dataset
        The draws; or the statistics, with the dimension `statistic`, where only these were kept.

    Raises
    ------
    ResultError
        There is no such file, or it is no result.
    """
    dataset = _open(path)
    if "analysis" in dataset.attrs:
        kind = json.loads(dataset.attrs["analysis"])["analysis"]
        dataset.close()
        raise ResultError(f"{path}: a study ({kind}), no result of a run")
    return dataset if "draw" in dataset.dims else load_summary(path)


def load_summary(path: str | os.PathLike[str]) -> xr.Dataset:
    """Read the statistics of a result, with the provenance of the whole file.

    Parameters
    ----------
    path : str or path-like
        See `load_result`.

    Returns
    -------
    xarray.Dataset
        As `summarise` returns it.

    Raises
    ------
    ResultError
        There is no such file, or it is no result.
    """
    with _open(path) as root:
        attrs = dict(root.attrs)
    with _open(path, group=_SUMMARY) as group:
        return group.load().assign_attrs(attrs)  # small: at once, not number by number


def _open(path: str | os.PathLike[str], group: str | None = None) -> xr.Dataset:
    import xarray as xr

    file = Path(path)
    file = file / "result.nc" if file.is_dir() else file
    if not file.is_file():
        raise ResultError(f"{path}: no result of a run: there is no file {file}")
    if file.suffix in (".yaml", ".yml"):
        raise ResultError(f"{path}: a scenario is no result; sim run {path} --out DIR makes one")
    try:
        dataset = xr.open_dataset(file, engine="h5netcdf", group=group)
    except (OSError, ValueError) as error:
        raise ResultError(f"{path}: no result of a run ({error})") from error
    if group is None and "scenario_sha256" not in dataset.attrs:
        dataset.close()
        raise ResultError(f"{path}: netCDF, but no result of this program: it has no provenance")
    return dataset


class _Disk(io.FileIO):
    """A file for HDF5 that keeps the first fault of a write, and takes all later ones in silence.

    HDF5 cannot close a file whose cache it cannot write, and crashes when the process ends. So the
    file, which is worthless by then, closes in order, and `check` tells of the full disk.
    """

    fault: OSError | None = None

    def write(self, data: Any, /) -> int:
        left = memoryview(data)
        size = left.nbytes
        try:
            while left.nbytes and self.fault is None:
                left = left[super().write(left) :]
        except OSError as fault:
            self.fault = fault
        return size

    def truncate(self, size: int | None = None, /) -> int:
        try:
            return super().truncate(size)
        except OSError as fault:
            self.fault = self.fault or fault
            return size or 0

    def check(self) -> None:
        if self.fault is not None:
            raise self.fault


@contextlib.contextmanager
def _hdf5(path: Path) -> Iterator[tuple[Any, _Disk]]:
    """Open a netCDF-4 file for writing, a new one if there is none."""
    import h5netcdf

    new = not path.exists()
    with _Disk(path, "x+" if new else "r+") as disk:
        with h5netcdf.File(disk, "w" if new else "r+") as netcdf:
            yield netcdf, disk
        disk.check()


def _write_draws(
    path: Path, blocks: Blocks, n_draws: int, coords: Coordinates, attrs: Attributes
) -> None:
    spans = [range(start, min(start + _AT_ONCE, n_draws)) for start in range(0, n_draws, _AT_ONCE)]
    first = blocks(spans[0])
    used = {dim for name in first for dim in dimensions(name)}
    with _hdf5(path) as (file, disk):
        own = {name: value for name, value in coords.items() if value[0] in used}
        file.dimensions = {"draw": n_draws} | _sizes(own)
        _write_coordinates(file, own)
        variables = {
            name: _create(file, name, array, n_draws, str(attrs.get("unit", "")))
            for name, array in first.items()
        }
        for rows, arrays in zip(spans, _ahead(blocks, first, spans), strict=True):
            for name, variable in variables.items():
                variable[rows.start : rows.stop] = _stored(arrays[name])
            disk.check()


def _ahead(blocks: Blocks, first: Arrays, spans: list[range]) -> Iterator[Arrays]:
    """Yield the blocks, each read while the one before it is written."""
    with ThreadPoolExecutor(1) as pool:
        now = first
        for rows in spans[1:]:
            following = pool.submit(blocks, rows)
            yield now
            now = following.result()
        yield now


def _create(file: Any, name: str, array: Any, n_draws: int, money: str) -> Any:
    """Create a variable whose blocks on disk hold one regime, solution or parameter each."""
    stored = _stored(array)
    inner = zip(dimensions(name)[1:], stored.shape[1:], strict=True)
    chunks = (min(_ROWS, n_draws), *(1 if dim in _ALONE else max(size, 1) for dim, size in inner))
    packed = {"compression": "gzip", "compression_opts": 1} if stored.dtype.kind == "i" else {}
    variable = file.create_variable(
        name, dimensions(name), dtype=stored.dtype, chunks=chunks, **packed
    )
    for key, text in attributes(name, money).items():
        variable.attrs[key] = text
    if array.dtype == np.bool_:
        variable.attrs["dtype"] = "bool"  # xarray reads it back as such
    return variable


def _stored(array: Any) -> Any:
    return array.astype(np.int8) if array.dtype == np.bool_ else array


def _write_summary(
    path: Path, statistics: xr.Dataset, coords: Coordinates, attrs: Attributes
) -> None:
    """Add the statistics and the provenance to the file, or make one of them alone."""
    used = {str(dim) for dim in statistics.dims}
    own = {name: value for name, value in coords.items() if value[0] in used}
    names = tuple(str(name) for name in statistics["statistic"].values)
    own = {**own, "statistic": ("statistic", names)}
    with _hdf5(path) as (file, _):
        for key, value in attrs.items():
            file.attrs[key] = value
        group = file.create_group(_SUMMARY)
        group.dimensions = _sizes(own)
        _write_coordinates(group, own)
        for name, array in statistics.data_vars.items():
            variable = group.create_variable(str(name), array.dims, dtype=np.float64)
            variable[...] = array.values
            for key, text in array.attrs.items():
                variable.attrs[str(key)] = text


def _sizes(coords: Coordinates) -> dict[str, int]:
    return {name: len(values) for name, (dim, values) in coords.items() if name == dim}


def _write_coordinates(group: Any, coords: Coordinates) -> None:
    import h5py

    further = [name for name, (dim, _) in coords.items() if name != dim]
    if further:
        group.attrs["coordinates"] = " ".join(further)  # CF: these are labels, not data
    for name, (dim, values) in coords.items():
        variable = group.create_variable(name, (dim,), dtype=h5py.string_dtype())
        variable[...] = np.array(values, dtype=object)


def _plain(value: Any) -> str | int | float:
    plain: str | int | float = value.item() if isinstance(value, np.generic) else value
    return plain
