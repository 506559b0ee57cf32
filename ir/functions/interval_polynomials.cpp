// The coefficients. Each centre is a float at which the function's value is almost exactly a float,
// to a thousandth of an ULP. So the first coefficient, which is most of the result, adds no error.
// Coefficients: scripts/fit.
#include "functions/interval_polynomials.h"

#include <array>

#include <sinter/ir/assert.h>

namespace sinter::detail::functions {
namespace {

constexpr LookupTable kTanhCentres = {0x1.889d9ep-1, 0x1.138d3cp+0, 0x1.603728p+0, 0x1.b00f94p+0,
                                      0x1.14933cp+1, 0x1.646728p+1, 0x1.b1c894p+1, 0x1.02328p+2,
                                      0x1.3c9eb2p+2, 0x1.8b431ep+2, 0x1.d8708ap+2, 0x1.133fecp+3,
                                      0x0p+0,        0x1.d8248ap-3, 0x1.8a551ep-2, 0x1.1427bcp-1};
constexpr std::array<LookupTable, 6> kTanhCoefficients = {{
    {0x1.4a480cp-1, 0x1.956d6ep-1, 0x1.c2918cp-1, 0x1.de22b2p-1, 0x1.f29452p-1, 0x1.fc1bb4p-1,
     0x1.fed5d6p-1, 0x1.ffadecp-1, 0x1.fff2c6p-1, 0x1.fffedep-1, 0x1.ffffe6p-1, 0x1.fffffep-1,
     0x0p+0, 0x1.cff3ccp-3, 0x1.77ee4ap-2, 0x1.f853ecp-2},
    {0x1.2af118p-1, 0x1.7dec92p-2, 0x1.cdf7fep-3, 0x1.05f4d6p-3, 0x1.a7d4dap-5, 0x1.f041f4p-7,
     0x1.29d364p-8, 0x1.4836d4p-10, 0x1.a7559ep-13, 0x1.221158p-16, 0x1.a00876p-20, 0x1.1f6b1cp-23,
     0x1p+0, 0x1.e5b962p-1, 0x1.bafe8p-1, 0x1.83ceaep-1},
    {-0x1.81aef8p-2, -0x1.2e6e78p-2, -0x1.968b98p-3, -0x1.e94362p-4, -0x1.9cb402p-5, -0x1.ec6b6cp-7,
     -0x1.291986p-8, -0x1.47f57ap-10, -0x1.a600b4p-13, -0x1.212d7ap-16, -0x1.9eca9p-20,
     -0x1.cc1f4ep-22, 0x1.e20d98p-21, -0x1.b823e6p-3, -0x1.45434ep-2, -0x1.7dfedap-2},
    {0x1.8be972p-5, 0x1.c0aff2p-4, 0x1.9782e2p-4, 0x1.1a423ep-4, 0x1.04a0bep-5, 0x1.43268p-7,
     0x1.8a45d4p-9, 0x1.b42e68p-11, 0x1.182962p-13, 0x1.802674p-17, 0x1.1498fp-20, -0x1.c6893ep-25,
     -0x1.5562d8p-2, -0x1.11f6fp-2, -0x1.5fd18cp-3, -0x1.1996ccp-4},
    {0x1.82aa06p-4, 0x1.943e24p-7, -0x1.58befap-6, -0x1.90741ep-6, -0x1.d38014p-7, -0x1.3dcb58p-8,
     -0x1.8d4f98p-10, -0x1.ba5b4ap-12, -0x1.2e0f22p-14, -0x1.9e5d1ep-18, -0x1.297c12p-21,
     0x1.725208p-20, 0x1.cec508p-11, 0x1.0db666p-3, 0x1.58d9aap-3, 0x1.434cdep-3},
    {-0x1.024bc8p-4, -0x1.3416b4p-5, -0x1.27914cp-7, 0x1.6b87aap-9, 0x1.1c6988p-8, 0x1.e7be8ap-10,
     0x1.3a47e2p-11, 0x1.798b44p-13, 0x1.fac05cp-16, 0x1.5a7a72p-19, 0x1.d8f29cp-23, 0x1.85c43ap-20,
     0x1.06b24ap-3, 0x1.4a5748p-4, 0x1.be0274p-7, -0x1.3ade48p-5},
}};

constexpr LookupTable kGeluCentres = {0x1.3f2ep+0, 0x1.bdeb8p+0, 0x1.229b8p+1, 0x1.5fa48p+1,
                                      0x1.be3bp+1, 0x1.203d8p+2, 0x1.620c8p+2, 0x1.a0098p+2,
                                      0x1.fd0fp+2, 0x1.3e79p+3,  0x1.803a8p+3, 0x1.b612p+3,
                                      0x0p+0,      0x1.7d52p-2,  0x1.402e8p-1, 0x1.bedc8p-1};
constexpr std::array<LookupTable, 7> kGeluCoefficients = {{
    {0x1.271194p-2, 0x1.4b7b26p-2, 0x1.62b6f8p-2, 0x1.700ea4p-2, 0x1.7cf596p-2, 0x1.86ccdep-2,
     0x1.8c4d1p-2, 0x1.8f7742p-2, 0x1.92581cp-2, 0x1.9482fp-2, 0x1.95bd88p-2, 0x1.965efep-2, 0x0p+0,
     0x1.2203bcp-3, 0x1.9e0a9ap-3, 0x1.f4b02p-3},
    {0x1.7cdc04p-4, 0x1.c0ea8ep-5, 0x1.10af5ep-5, 0x1.6d2e5p-6, 0x1.a69c9p-7, 0x1.bec502p-8,
     0x1.03cd6ap-8, 0x1.4e8feap-9, 0x1.7c4ea2p-10, 0x1.90718cp-11, 0x1.d02cb2p-12, 0x1.3c103cp-12,
     0x1p-1, 0x1.2346e8p-2, 0x1.9a13c6p-3, 0x1.2992ecp-3},
    {-0x1.b0bb64p-5, -0x1.c29e22p-6, -0x1.e37a46p-7, -0x1.237ba2p-7, -0x1.22632ep-8,
     -0x1.ff2dd4p-10, -0x1.f99af2p-11, -0x1.1c704ep-11, -0x1.0ee934p-12, -0x1.d0eab2p-14,
     -0x1.c3c4d4p-15, -0x1.0f682ap-15, -0x1.988446p-2, -0x1.a28d8p-3, -0x1.12c53ep-3,
     -0x1.74f9f4p-4},
    {0x1.9202aep-6, 0x1.7689f2p-7, 0x1.66f1e6p-8, 0x1.8906a2p-9, 0x1.5497e8p-10, 0x1.f878fep-12,
     0x1.ab794cp-13, 0x1.a646cp-14, 0x1.52918ap-15, 0x1.db8348p-17, 0x1.84597ep-18, 0x1.9c43f6p-19,
     0x1.fffa22p-3, 0x1.dea656p-4, 0x1.27858p-4, 0x1.7a1ef4p-5},
    {-0x1.4658c8p-7, -0x1.12a07ep-8, -0x1.da416ep-10, -0x1.dabd78p-11, -0x1.692976p-12,
     -0x1.c5f5e2p-14, -0x1.4b808cp-15, -0x1.20e188p-16, -0x1.881bfap-18, -0x1.c44076p-20,
     -0x1.370edap-21, -0x1.236aa2p-22, -0x1.0feb48p-3, -0x1.d4d4a8p-5, -0x1.11f94p-5,
     -0x1.4c2de4p-6},
    {0x1.e43a2cp-9, 0x1.71ff5cp-10, 0x1.21e29ep-11, 0x1.0aa5fp-12, 0x1.6b6a9cp-14, 0x1.84b772p-16,
     0x1.e97f6cp-18, 0x1.78aca4p-19, 0x1.bac102p-21, 0x1.a14fd4p-23, 0x1.e2b2eap-25, 0x1.8eb8aap-26,
     0x1.f206aap-5, 0x1.9934c4p-6, 0x1.c82b58p-7, 0x1.089c38p-7},
    {-0x1.456b1ep-10, -0x1.c3e75p-12, -0x1.4b650ap-13, -0x1.1b4caep-14, -0x1.4c495ap-16,
     -0x1.37fbd2p-18, -0x1.660518p-20, -0x1.d4b9c4p-22, -0x1.c4912ap-24, -0x1.62edfep-26,
     -0x1.64d714p-28, -0x1.5ff3fep-29, -0x1.4873bp-6, -0x1.58dbb6p-7, -0x1.52adc4p-8,
     -0x1.a320cp-9},
}};

}  // namespace

const IntervalPolynomials& tanh_polynomials() {
  static constexpr IntervalPolynomials kPolynomials{kTanhCentres, kTanhCoefficients};
  return kPolynomials;
}

const IntervalPolynomials& gelu_polynomials() {
  static constexpr IntervalPolynomials kPolynomials{kGeluCentres, kGeluCoefficients};
  return kPolynomials;
}

IntervalPlace interval_place(const Value& a, const Value& position,
                             const IntervalPolynomials& polynomials) {
  constexpr int kFractionBitsBelow = 21;  // bits of the fraction below its first two
  const Value index = record(Op::shift_right, {bits_of(position), kFractionBitsBelow});
  const Value distance = sub(a, index.lut16(polynomials.centres));
  return {index, distance};
}

Value polynomial(const IntervalPlace& place, std::span<const LookupTable> coefficients) {
  SINTER_ASSERT(coefficients.size() >= 2, "a polynomial has two coefficients or more");
  const std::size_t last = coefficients.size() - 1;
  Value sum = place.index.lut16(coefficients[last]);
  for (std::size_t i = last; i-- > 0;)
    sum = fma(sum, place.distance, place.index.lut16(coefficients[i]));
  return sum;
}

}  // namespace sinter::detail::functions
