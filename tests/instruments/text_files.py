"""Instrument files written by hand from their formats' descriptions, and where the real samples lie."""

import os
import random
import struct
from collections.abc import Iterator
from pathlib import Path

import pytest

from natrode.instruments.base import Source

SAMPLES = Path(os.environ.get("NATRODE_SAMPLES", str(Path(__file__).parents[2] / ".." / "shared" / "samples")))


def sample(name: str) -> Source:
    """A real file of the samples; skips the test where they are not at hand."""
    path = SAMPLES / name
    if not path.exists():
        pytest.skip(f"the sample file {name} is not here (set NATRODE_SAMPLES to the folder of real files)")
    return Source(path, path.read_bytes())


def written(name: str, content: str | bytes, **hints: object) -> Source:
    """A file with this content."""
    return Source(Path(name), content if isinstance(content, bytes) else content.encode(), hints)


def table(rows: list[tuple[object, ...]], separator: str = "\t", lead: str = "") -> str:
    """Rows as lines of text."""
    return "".join(lead + separator.join(map(str, row)) + "\n" for row in rows)


SPECTRUM = [(100000.0, 10.25, -1.5), (1000.0, 12.5, -6.75), (10.0, 40.0, -2.125), (1.0, 41.5, -0.5)]
"""Frequency, Re Z, Im Z: negative when capacitive."""

# ---- CH Instruments --------------------------------------------------------------------------------------
_CHI_HEAD = (
    "Mar. 4, 2024   09:08:07\n{technique}\nFile: c:\\data\\cell.bin\nData Source:  Experiment\n"
    "Instrument Model:  CHI760E\nHeader: Na cell 3\nNote: \n\n"
)
CHI_EIS = (
    _CHI_HEAD.format(technique="A.C. Impedance")
    + "Init E (V) = 0.1\nHigh Frequency (Hz) = 1e+5\nLow Frequency (Hz) = 1\nImp SF\nAmplitude (V) = 0.01\n"
    + "Quiet Time (sec) = 2\n\nFreq/Hz, Z'/ohm, Z\"/ohm, Z/ohm, Phase/deg\n\n"
    + "1.000e+5, 1.025e+1, -1.500e+0, 1.036e+1, -8.3\n1.000e+3, 1.250e+1, -6.750e+0, 1.421e+1, -28.4\n"
    + "1.000e+1, 4.000e+1, -2.125e+0, 4.006e+1, -3.0\n1.000e+0, 4.150e+1, -5.000e-1, 4.150e+1, -0.7\n"
)
CHI_TAFEL = (
    _CHI_HEAD.format(technique="Tafel Plot")
    + "Init E (V) = -0.1\nFinal E (V) = 0.1\nScan Rate (V/s) = 0.001\nQuiet Time (sec) = 2\n\n"
    + "Potential/V, Current/A, log(i/A)\n\n"
    + "-0.100, -2.000e-5, -4.699\n0.000, 1.000e-9, -9.000\n0.100, 2.000e-5, -4.699\n"
)
CHI_CV = (
    _CHI_HEAD.format(technique="Cyclic Voltammetry")
    + "Init E (V) = 0\nHigh E (V) = 0.5\nLow E (V) = -0.5\nInit P/N = P\nScan Rate (V/s) = 0.01\nSegment = 2\n"
    + "Sample Interval (V) = 0.001\nQuiet Time (sec) = 2\nSensitivity (A/V) = 0.001\n\n"
    + "Segment 1:\nEp = 0.141V\nip = -1.036e-3A\n\nSegment 2:\n\nPotential/V, Current/A, Charge/C\n\nSegment 1:\n"
    + "0.000, 1.000e-6, 0.000e+0\n0.500, 2.000e-6, 1.000e-7\nSegment 2:\n0.499, -1.000e-6, 2.000e-7\n"
)
CHI_LSV = (
    "Init E (V) = 0\nFinal E (V) = 0.2\nScan Rate (V/s) = 0.01\nQuiet Time (sec) = 2\nSensitivity (A/V) = 0.001\n\n"
    "Potential/V\tCurrent/A\n\n0.000\t1.000e-6\n0.100\t2.000e-6\n0.200\t4.000e-6\n"
)
CHI_IT = (
    _CHI_HEAD.format(technique="Amperometric i-t Curve")
    + "Init E (V) = 0.05\nSample Interval (s) = 0.1\nRun Time (sec) = 0.3\nQuiet Time (sec) = 0\n\n"
    + "Time/sec, Current/A\n\n1.000e-1, 3.000e-7\n2.000e-1, 2.000e-7\n3.000e-1, 1.000e-7\n"
)

# ---- Ivium -----------------------------------------------------------------------------------------------
_IVIUM_HEAD = "\0" * 16 + "H\0\0\0\r\nPeaks=false\r\nCorrosion=false\r\nstarttime=25/03/2024 10:11:12\r\n"


def ivium_measurement(method: str, technique: str, rows: list[tuple[float, float, float]], more: str = "") -> str:
    """Settings and one primary table."""
    return (
        f"Method={method}\r\nTechnique={technique}\r\nTitle=by hand\r\n{more}Data Options.Area=0.785\r\nMconfig=0\r\n"
        f"2\r\nData Objects\r\n0\r\nprimary_data\r\n3\r\n{len(rows)}\r\n"
        + "".join("  ".join(f"{v:.5E}" for v in row) + " \r\n" for row in rows)
    )


_IVIUM_Z = [(re, im, f) for f, re, im in SPECTRUM]
IVIUM_IDF = _IVIUM_HEAD + ivium_measurement(
    "Impedance",
    "Constant E",
    _IVIUM_Z,
    "timing=4\r\n"
    + "".join(f"timing.time[{n}]={n / 2}\r\n" for n in range(1, 5))
    + "".join(f"Frequencies.freq[{n}]={f:g}\r\n" for n, (f, _, _) in enumerate(SPECTRUM, 1)),
) + "1\r\nosc_data\r\n0\r\n"  # fmt: skip
IVIUM_IDS = (
    _IVIUM_HEAD
    + "QR=QR\r\n"
    + ivium_measurement("Transients", "ChronoAmperometry", [(0.0, 1e-3, 0.5), (1.0, 5e-4, 0.5)])
    + "QR=QR\r\n"
    + ivium_measurement("CyclicVoltammetry", "Standard", [(0.0, 1e-6, 0.0), (0.1, 2e-6, 1.0), (0.0, -1e-6, 2.0)])
    + "QR=QR\r\n"
    + ivium_measurement("Impedance", "Constant E", _IVIUM_Z)
    + "QR=QR\r\n"
    + ivium_measurement("Transients", "ChronoPotentiometry", [(0.0, 0.1, 1e-3), (1.0, 0.2, 1e-3)])
)

# ---- VersaStudio, PARSTAT, PowerSuite --------------------------------------------------------------------
_PAR_COLUMNS = (
    "Segment #, Point #, E(V), I(A), Elapsed Time(s), Current Range, Status, E Applied(V), Frequency(Hz), "
    "E Real, E Imag, I Real, I Imag, Z Real, Z Imag, ActionId, AC Amplitude, 0"
)


def par_row(segment: int, point: int, e: float, i: float, t: float, z: tuple[float, float, float] = (0, 0, 0)) -> str:
    """One row of a segment; z is frequency, Re Z, Im Z."""
    f, re, im = z
    ac = 0.01 if f else 0
    return f"{segment},{point},{e},{i},{t},5,53,{e},{f},{ac},0,0,0,{re},{im},21,{ac}\n"


PAR = (
    "<Application>\nName=VersaStudio\nVersion=2.60.6\n</Application>\n\n"
    "<Action0>\nWorking Electrode Area (cm2)=0.5\nName=Common\nSegments=0\n</Action0>\n"
    "<Instrument>\nType=VersaSTAT3\nModel=-300\n</Instrument>\n"
    "<Experiment>\nTimeAcquired=1:02:03 PM\nDateAcquired=Monday, March 4, 2024\n</Experiment>\n"
    "<Action1>\nSegments=1\nName=Chronopotentiometry\n</Action1>\n"
    "<Action2>\nSegments=1\nName=Potentiostatic EIS\n</Action2>\n"
    "<Action3>\nSegments=2\nName=Cyclic Voltammetry (Single)\n</Action3>\n\n"
    f"<Segment1>\nType=2\nVersion=3\nDefinition={_PAR_COLUMNS}\n"
    + par_row(0, 0, 0.1, 1e-3, 1.0)
    + par_row(0, 1, 0.2, 1e-3, 2.0)
    + "".join(par_row(1, n, 0.15, 1e-6, 3.0 + n, row) for n, row in enumerate(SPECTRUM))
    + par_row(2, 0, 0.0, 1e-6, 8.0)
    + par_row(2, 1, 0.5, 2e-6, 9.0)
    + par_row(3, 0, 0.4, -1e-6, 10.0)
    + "</Segment1>\n\n<Graph1>\nHeight=291\n</Graph1>\n"
)
PARSTAT = (
    "Potential (V)\tCurrent (A)\tElapsed Time (s)\tFrequency (Hz)\tZre (ohms)\tZim (ohms)\t|Vac| (V)\t|Iac| (A)\t\n"
    "3.5\t-0.15\t10\t0\t0\t0\t0\t0\t\n3.4\t-0.15\t20\t0\t0\t0\t0\t0\t\n"
    + "".join(f"3.4\t0.001\t{30 + n}\t{f}\t{re}\t{im}\t0.005\t0.01\t\n" for n, (f, re, im) in enumerate(SPECTRUM))
    + "3.3\t-0.15\t50\t0\t0\t0\t0\t0\t\n"
    + "".join(f"3.3\t0.001\t{60 + n}\t{f}\t{re}\t{im}\t0.005\t0.01\t\n" for n, (f, re, im) in enumerate(SPECTRUM))
)
POWERSUITE = "Frequency\t Zre\t Zimg\r\r\n" + "".join(f"{f}\t {re}\t {im}\r\r\n" for f, re, im in SPECTRUM)

# ---- Novocontrol -----------------------------------------------------------------------------------------
NOVOCONTROL = (
    "pellet-7 -60deg, 26.02.2025, 15:11\n"
    "Diameter[mm]: 1.000e+01  Thickness[mm]: 1.000e+00  Spacer Capacity[pF]: 0.000e+00  Edge Correction On  "
    "Electrode Thickness[mm]: 4.00e+00\nFixed value(s) :  AC Volt  [Vrms]=7.1000e-03  \n"
    "     Freq.[Hz]\t      Zs'[ohm]\t     Zs''[ohm]\n"
    + "".join(f" {f:.7e}\t {re:.7e}\t{im:.7e}\n" for f, re, im in SPECTRUM)
)
NOVOCONTROL_TEMPERATURES = (
    "glass\nFixed value(s) :  AC Volt  [Vrms]=1.0000e-01\n Freq. [Hz]\tTemp. [\xb0C]\tZs' [ohm]\tZs'' [ohm]\n"
    + "".join(f" {f:.4e}\t {t:.2f}\t {re:.4e}\t{im:.4e}\n" for t in (20.01, 40.02) for f, re, im in SPECTRUM)
)

# ---- Gamry -----------------------------------------------------------------------------------------------
_GAMRY_HEAD = (
    "EXPLAIN\nTAG\t{tag}\nTITLE\tLABEL\tby hand\tTest &Identifier\nDATE\tLABEL\t{date}\tDate\n"
    "TIME\tLABEL\t{time}\tTime\nNOTES\tNOTES\t2\t&Notes...\n\tfirst line\n\tsecond line\n"
    "PSTAT\tPSTAT\tREF600-1\tPotentiostat\n"
)
_Z_NAMES = (
    "\tPt\tTime\tFreq\tZreal\tZimag\tZsig\tZmod\tZphz\tIdc\tVdc\tIERange\n\t#\ts\tHz\tohm\tohm\tV\tohm\t\xb0\tA\tV\t#\n"
)


def gamry_spectrum(name: str = "ZCURVE", points: int = 4) -> str:
    """One impedance table."""
    return f"{name}\tTABLE\n{_Z_NAMES}" + "".join(
        f"\t{n}\t{n + 1}\t{f:g}\t{re:g}\t{im:g}\t1\t{abs(complex(re, im)):.5f}\t-5.25\t1.5E-006\t0.25\t8\n"
        for n, (f, re, im) in enumerate(SPECTRUM[:points])
    )


GAMRY_EISPOT = (
    _GAMRY_HEAD.format(tag="EISPOT", date="4/23/2018", time="16:43:15")
    + "VDC\tPOTEN\t2.50000E-001\tT\tDC &Voltage (V)\nFREQINIT\tQUANT\t1.00000E+005\tInitial Fre&q. (Hz)\n"
    + "FREQFINAL\tQUANT\t1.00000E+000\tFinal Fre&q. (Hz)\nAREA\tQUANT\t7.85000E-001\t&Area (cm^2)\n"
    + "OCVCURVE\tTABLE\t2\n\tPt\tT\tVf\tVm\tAch\tOver\tTemp\n\t#\ts\tV vs. Ref.\tV\tV\tbits\tdeg C\n"
    + "\t0\t0.25\t2.51000E-001\t2.51100E-001\t1.00000E-004\t..........a\t24.5\n"
    + "\t1\t0.5\t2.52000E-001\t2.52100E-001\t1.00000E-004\t..........a\t24.6\n"
    + "EOC\tQUANT\t0.252\tOpen Circuit (V)\nCONVENTION\tIQUANT\t1\tCurrent Convention\n"
    + gamry_spectrum()
)
GAMRY_EISGALV = (
    _GAMRY_HEAD.format(tag="GALVEIS", date="23.04.2018", time="16:43:15")
    + "FREQINIT\tQUANT\t1,00000E+005\tInitial Fre&q. (Hz)\nFREQFINAL\tQUANT\t1,00000E+000\tFinal Fre&q. (Hz)\n"
    + (gamry_spectrum("ZCURVE1") + gamry_spectrum("ZCURVE2")).replace(".", ",")
)
_DC_NAMES = "\tPt\tT\tVf\tIm\tVu\tSig\tAch\tIERange\tOver\n\t#\ts\tV vs. Ref.\tA\tV\tV\tV\t#\tbits\n"


def gamry_curve(name: str, start: float, voltage: float, current: float) -> str:
    """One DC table of three points."""
    return f"{name}\tTABLE\t3\n{_DC_NAMES}" + "".join(
        f"\t{n}\t{start + n:g}\t{voltage + n / 100:.5E}\t{current:.5E}\t0.0E+000\t5.0E-001\t1.0E-003\t6\t...........\n"
        for n in range(3)
    )


GAMRY_CHRONOA = (
    _GAMRY_HEAD.format(tag="CHRONOA", date="2/1/2024", time="01:02:03")
    + "IRCOMP\tSELECTOR\t0\tIRCom&p\nDCCALDATE\tLABEL\t3/27/2019\tDC Calibration Date\n"
    + "CONVENTION\tIQUANT\t1\tCurrent\n"
    + gamry_curve("CURVE", 0.0, 0.5, 1e-6)
)
GAMRY_CHRONOP = _GAMRY_HEAD.format(tag="CHRONOP", date="2/1/2024", time="01:02:03") + gamry_curve(
    "CURVE", 0.0, 0.1, -1e-3
)
GAMRY_CV = (
    _GAMRY_HEAD.format(tag="CV", date="2/1/2024", time="01:02:03")
    + "SCANRATE\tQUANT\t1.00000E+001\t&Scan Rate (mV/s)\nAREA\tQUANT\t1.00000E+000\tSample Area (cm^2)\n"
    + gamry_curve("CURVE1", 0.0, 0.0, 1e-6)
    + gamry_curve("CURVE2", 3.0, 0.0, 2e-6)
)
GAMRY_OCV = (
    _GAMRY_HEAD.format(tag="CORPOT", date="2/1/2024", time="01:02:03")
    + "CURVE\tTABLE\t2\n\tPt\tT\tVf\tVm\tAch\tOver\tTemp\n\t#\ts\tV vs. Ref.\tV\tV\tbits\tdeg C\n"
    + "\t0\t5\t2.0E-002\t2.0E-002\t1.0E-003\t..........a\t-327.67\n"
    + "\t1\t10\t2.1E-002\t2.1E-002\t1.0E-003\t..........a\t-327.67\n"
)
GAMRY_ABORTED = (
    GAMRY_EISPOT.split("ZCURVE")[0] + gamry_spectrum(points=2) + "EXPERIMENTABORTED\tTOGGLE\tT\tExperiment Aborted\n"
)

# ---- ZPlot, Autolab, Elchemea, P00 -----------------------------------------------------------------------
ZPLOT = (
    "ZPLOT2 ASCII\n  Measured Data, ZPlot:       3.5h\n"
    "  Experiment Type:            Sweep Frequency, Control Voltage\n"
    "  Date:                       02-10-2021\n  Time:                       11:04:34\n"
    "  Begin User Comments:        0\nheated to 60 C\n  End User Comments:          0\n"
    "  Begin Experiment:           0\n    Potential-AC:             10\n  End Experiment:             0\n"
    "  Begin Information:          Cell Information\n    Surface Area:             1\n"
    "  End Information:            Cell Information\n  Data Points:                4\n"
    "  Freq(Hz)\tAmpl\tBias\tTime(Sec)\tZ'(a)\tZ''(b)\tGD\tErr\tRange\nEnd Comments\n"
    + "".join(
        f"{f:.6E}\t1.0000E-02\t0.0000E+00\t{2.5 + n:.6E}\t{re:.4E}\t{im:.4E}\t0.0000E+00\t0\t4\n"
        for n, (f, re, im) in enumerate(SPECTRUM)
    )
)
_QUOTED = "\"  Freq(Hz)    Ampl     Bias   Time(Sec)   Z'(a)    Z''(b)    GD   Err   Range\"\n"
ZPLOT_QUOTED = (
    '"ZPlotW Data File: Version 2.6b"\n"Raw Data"\n"Sweep Frequency: Control Current"\n'
    "Date: 12-17-2019    Time: 16:24:35\n"
    '"Open Circuit Potential (V):  0.25 "\n"Frequency"\n0,3,0,1,100000,1\n4\n' + _QUOTED
    + "".join(f"{f:.6E}, 1.0000E-03, 0.0000E+00, {2.5 + n:.6E}, {re:.4E}, {im:.4E}, 0.0000E+00, {n // 3}, 5\n"
              for n, (f, re, im) in enumerate(SPECTRUM))
)  # fmt: skip
AUTOLAB_Z60W = (
    b"\xef\xbb\xbf"
    + (
        '"Z60W Data File: Version 1.1"\n""\n""\n0,2,0,1,1,100000\n4\n'
        + _QUOTED.replace("Freq(Hz)", "Freq (Hz)")
        + "".join(f"{f:g},0,0,0,{re},{im},0,0,0\n" for f, re, im in SPECTRUM)
    ).encode()
)
AUTOLAB_DFR = (
    "VERSION8.0\n 4\n 1\n"
    + "".join(f" {f}\n {re}\n {-im}\n" + " 0.0\n" * 6 for f, re, im in SPECTRUM)
    + " 1.0\n 1.0\n 1.0\n13.07.2022 22:32:00\n13.07.2022 22:33:00\n 2.0\n 2.0\n"
)
AUTOLAB_NOVA = "Index;Frequency (Hz);Z' (\u03a9);-Z'' (\u03a9);Z (\u03a9);-Phase (\xb0);Time (s)\n" + "".join(
    f"{n + 1};{f};{re};{-im};{abs(complex(re, im)):.6f};{5.0};{n + 0.5}\n".replace(".", ",")
    for n, (f, re, im) in enumerate(SPECTRUM)
)
AUTOLAB_NOVA_DC = "Time (s);WE(1).Potential (V);WE(1).Current (A);Index\n0.1;0.5;1.5E-06;1\n0.2;0.51;1.4E-06;2\n"
ELCHEMEA = "furnace at 700\nsecond line\n\n4\n" + "".join(f"{f} {re} {im}\n" for f, re, im in SPECTRUM)
P00 = (
    "Procedure : by hand\n05.02.2024 14:15:16 - 05.02.2024 14:20:00 i(init)= 183.1nA - i(end)= 7.88nA\nDescription\n"
    "t =  736.4 s\n f/Hz       \t Z'/Ohm     \t -Z''/Ohm   \t time/s    \t Edc/V     \t Idc/A     \t\n 4 \n"
    + "".join(f" {f:.3e}\t {re:.3e}\t {-im:.3e}\t {59.3 + n:.3e}\t 3.100e-01\t 1.800e-07\t\n"
              for n, (f, re, im) in enumerate(SPECTRUM))
)  # fmt: skip


# ---- Zahner ----------------------------------------------------------------------------------------------
def zahner(points: list[tuple[float, float, float]], temperature: str = "23.8+-0.1C", dc: bool = True) -> bytes:
    """An .ism file: frequency, |Z| and phase [rad] of each point."""
    count = len(points)
    texts = ["040324", "na CELL", "0.5v, aMPL: 10Mv", "1.0Ma", temperature.swapcase(), "10:11:12 - 10:12:00"]
    texts += ["fIRST", "", "", "", "1", ""]
    constants = [0.0] * 32
    constants[27] = 32944.0 if dc else 176.0
    return (
        b"\x00\x00\xff\xff\xff\xfe"
        + (count - 1).to_bytes(6, "big")
        + b"".join(struct.pack(f">{count}d", *(p[k] for p in points)) for k in range(3))
        + struct.pack(f">{count}d", *(1.393e9 + n for n in range(count)))
        + struct.pack(f">{count}h", *([999] * count))
        + b"".join(struct.pack(">h", len(t)) + t.encode("latin-1") for t in texts)
        + struct.pack(">h", 864 if dc else 256)
        + struct.pack(">32d", *constants)
        + (b"".join(struct.pack(">2d", 0.5, 1e-3) for _ in points) if dc else b"")
    )


ZAHNER = zahner(
    [(1000.0, 20.0, -0.5), (1e5, 10.0, -0.1), (1000.0, 20.5, -0.5), (10.0, 40.0, -0.05), (1.0, 41.0, -0.01)]
)

HANDMADE: dict[str, dict[str, str | bytes]] = {
    "chi": {"eis.txt": CHI_EIS, "tafel.txt": CHI_TAFEL, "cv.txt": CHI_CV, "lsv.txt": CHI_LSV, "it.txt": CHI_IT},
    "ivium": {"eis.idf": IVIUM_IDF, "set.ids": IVIUM_IDS},
    "versastudio": {"all.par": PAR},
    "parstat": {"export.txt": PARSTAT},
    "powersuite": {"export.txt": POWERSUITE},
    "novocontrol": {"one.txt": NOVOCONTROL, "two.txt": NOVOCONTROL_TEMPERATURES},
    "gamry": {
        "eispot.DTA": GAMRY_EISPOT, "galveis.DTA": GAMRY_EISGALV, "chronoa.DTA": GAMRY_CHRONOA,
        "chronop.DTA": GAMRY_CHRONOP, "cv.DTA": GAMRY_CV, "ocv.DTA": GAMRY_OCV, "aborted.DTA": GAMRY_ABORTED,
    },
    "zplot": {"new.z": ZPLOT, "old.z": ZPLOT_QUOTED},
    "autolab": {
        "z60w.txt": AUTOLAB_Z60W, "fra.dfr": AUTOLAB_DFR, "nova.txt": AUTOLAB_NOVA, "nova-dc.txt": AUTOLAB_NOVA_DC,
    },
    "elchemea": {"one.i2b": ELCHEMEA},
    "p00": {"one.P00": P00},
    "zahner": {"one.ism": ZAHNER},
}  # fmt: skip
"""Files by reader."""


def mutations(data: bytes, seed: int, flips: int = 25) -> Iterator[bytes]:
    """The file cut at every fiftieth, with bytes changed, lines dropped or doubled, and columns swapped."""
    random_ = random.Random(seed)
    for n in range(50):
        yield data[: len(data) * n // 50]
    for _ in range(flips):
        changed = bytearray(data)
        for _ in range(random_.randrange(1, 10)):
            changed[random_.randrange(len(changed))] = random_.choice(b"0123456789.,eE+- \t\n\x00\xffNn")
        yield bytes(changed)
    lines = data.split(b"\n")
    for _ in range(flips):
        n = random_.randrange(len(lines))
        yield b"\n".join(lines[:n] + lines[n + 1 :])
        yield b"\n".join(lines[:n] + lines[n : n + 1] * 2 + lines[n + 1 :])
    for separator in (b"\t", b",", b" ", b";"):
        swapped = []
        for line in lines:
            parts = line.split(separator)
            swapped.append(separator.join([parts[-1], *parts[1:-1], parts[0]]) if len(parts) > 2 else line)
        yield b"\n".join(swapped)
    yield data.decode("latin-1").encode("utf-16")
    yield data.decode("latin-1").encode("utf-16-le")
