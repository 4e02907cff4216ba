"""Whole files to mutate: small ones made here for every format, and the real ones where they are at hand."""

import io
import os
from pathlib import Path

import pandas as pd

from natrode.instruments import registry
from natrode.measurement import Column, Measurement, Metadata, Origin
from tests.instruments import table_files as tables
from tests.instruments import test_biologic_mpr as mpr
from tests.instruments import test_biologic_mpt as mpt
from tests.instruments import text_files as texts

SAMPLES = Path(os.environ.get("NATRODE_SAMPLES", Path(__file__).parents[2] / "../shared/samples"))
_EXTENSIONS = {
    "CHI": ".txt", "IVIUM_IDF": ".idf", "IVIUM_IDS": ".ids", "PAR": ".par", "PARSTAT": ".txt", "POWERSUITE": ".txt",
    "NOVOCONTROL": ".txt", "GAMRY": ".dta", "ZPLOT": ".z", "AUTOLAB_DFR": ".dfr", "AUTOLAB": ".txt", "ELCHEMEA": ".i2b",
    "P00": ".P00", "ZAHNER": ".ism",
}  # fmt: skip


def made() -> dict[str, bytes]:
    """Made files by name."""
    found: dict[str, bytes] = {}
    for name in sorted(vars(texts)):
        content = getattr(texts, name)
        if name.isupper() and not name.startswith("_") and isinstance(content, (str, bytes)):
            extension = next((e for k, e in sorted(_EXTENSIONS.items(), reverse=True) if name.startswith(k)), ".txt")
            found[f"{name.lower()}{extension}"] = content.encode() if isinstance(content, str) else content
    found["peis.mpr"] = mpr.mpr(mpr.data_module(mpr.EIS, mpr.EIS_ROWS))
    found["cp.mpr"] = mpr.mpr(mpr.data_module(mpr.CP, mpr.CP_ROWS), 0x14)
    found["peis.mpt"] = mpt.mpt(mpt.PEIS, mpt.EIS_COLUMNS, mpt.SWEEP).encode("latin-1")
    found["neware.csv"] = tables.neware_csv().encode()
    found["neware-comma.csv"] = tables.neware_csv(delimiter=";", comma=True).encode()
    found["cell.nda"] = tables.nda()
    found["cell.nda.zip"] = tables.zipped(cell__nda=tables.nda())
    found["cell.ndax"] = tables.zipped(Step__xml=b"<root/>", data__ndc=bytes(range(256)) * 40)
    found["spectrum.csv"] = tables.spectrum_csv().encode()
    found["spectrum.tsv"] = tables.spectrum_csv(delimiter="\t", comma=True).encode()
    found["bare.txt"] = tables.spectrum_csv(delimiter=" ", head="").encode()
    found["cycling.csv"] = tables.cycling_csv(delimiter=";", comma=True).encode()
    found["record.parquet"] = _parquet()
    return found


def _parquet() -> bytes:
    import pyarrow as pa
    import pyarrow.parquet as pq

    frame = pd.read_csv(io.StringIO(tables.cycling_csv(head=f"{Column.TIME},{Column.VOLTAGE},{Column.CURRENT}")))
    record = Measurement(Metadata(kind="cycling", origin=Origin(kind="instrument")), frame)
    table = pa.Table.from_pandas(frame, preserve_index=False)
    stream = io.BytesIO()
    pq.write_table(table.replace_schema_metadata({b"natrode": record.metadata.model_dump_json().encode()}), stream)
    return stream.getvalue()


def real() -> dict[str, bytes]:
    """Real files by name; none where the samples are not at hand."""
    if not SAMPLES.is_dir():
        return {}
    return {path.name: path.read_bytes() for path in registry.data_files(SAMPLES)}
