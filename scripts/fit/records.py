"""What is known of the tables that the generator verifies and does not make.

`fit.py --measure` prints these lines for the tables as they stand.
"""

from dataclasses import dataclass


@dataclass(frozen=True)
class Record:
    error: float  # the largest, rounded up
    factor: float  # that over the least error of any polynomial with the same c0, rounded up; or 0
    digest: str  # of the table's bits, so that no change goes unseen


RECORDS: dict[tuple[str, str], Record] = {
    ("exponentials.cpp", "kQ32"): Record(3.183e-09, 1.025, "6631775393d30e3b"),
    ("exponentials.cpp", "kQ64"): Record(6.172e-20, 1.057, "456bef362ea72453"),
    ("exponentials.cpp", "kExpm1Q32"): Record(1.293e-10, 1.355, "f4736e652d983618"),
    ("exponentials.cpp", "kExp2P32"): Record(3.96e-09, 1.343, "a56c50d5194be23e"),
    ("exponentials.cpp", "kExp2P64"): Record(1.544e-18, 1.493, "b8734cb87654966d"),
    ("logarithms.cpp", "kLogP32"): Record(4.681e-09, 1.008, "6bd4b8ca9976a2b7"),
    ("logarithms.cpp", "kLog1pP32"): Record(4.987e-09, 1.013, "52f8e4f27b4ecd94"),
    ("logarithms.cpp", "kLogP64"): Record(2.473e-18, 1.001, "f54f9c4a3f0510bf"),
    ("powers.cpp", "kQ64"): Record(4.258e-25, 1.062, "900dc0e72ed9700c"),
    ("error_functions.cpp", "kNear32"): Record(1.482e-09, 1.192, "3625409a81e619a8"),
    ("error_functions.cpp", "kNear64"): Record(4.803e-19, 1.028, "8465faeebfb5df8a"),
    ("error_functions.cpp", "kErfcG32"): Record(6.03e-09, 1.124, "b220aada6622f335"),
    ("error_functions.cpp", "kErfcG64"): Record(3.001e-18, 1.104, "b731d5a7ae2ab46f"),
    ("error_functions.cpp", "kGeluG64"): Record(2.891e-18, 1.063, "048d5c6f84ce51bc"),
    ("trigonometric.cpp", "kSin32"): Record(4.917e-12, 1.001, "24c899590a07af0a"),
    ("trigonometric.cpp", "kSin64"): Record(3.486e-18, 1.002, "494f4a8ea9c27de7"),
    ("trigonometric.cpp", "kCos32"): Record(9.595e-11, 1.001, "88fa11ae36b46a75"),
    ("trigonometric.cpp", "kCos64"): Record(4.852e-20, 1.008, "380077814bf05ee2"),
    ("activations.cpp", "kTanhNear64"): Record(1.636e-19, 1.004, "438632272e008988"),
    ("interval_polynomials.cpp", "kTanhCentres"): Record(0.1339, 0, "d8e0d6e47e3b788c"),
    ("interval_polynomials.cpp", "kTanhCoefficients"): Record(
        2.078e-08, 0, "624d719ff99039d2"
    ),
    ("interval_polynomials.cpp", "kGeluCentres"): Record(
        0.0003461, 0, "ebc68c52ca6cf73d"
    ),
    ("interval_polynomials.cpp", "kGeluCoefficients"): Record(
        2.302e-09, 0, "ffba24545bec061d"
    ),
}
