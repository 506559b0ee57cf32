// Gradients of arithmetic.
#include "functions/parts.h"
#include "gradients/rules.h"

namespace sinter::detail::gradient::rules {
namespace {

namespace fn = functions;

/// Gradient of min or max by operand i: 0 where the other operand is the result, as `beyond` says;
/// g / 2 where the operands are equal; else g.
Value of_extreme(const Step& at, const Value& beyond) {
  const Value half = fn::mul(at.g, 0.5);
  const Value shared = at.x[0].equal(at.x[1]).select(half, at.g);
  return fn::choose(beyond, 0, shared);
}

}  // namespace

Value convert(const Step& at, int) { return at.g.convert(at.x[0].dtype()); }

Value recast(const Step& at, int) { return at.g.recast(at.x[0].dtype()); }

Value add(const Step& at, int) { return at.g; }

Value sub(const Step& at, int i) { return i == 0 ? at.g : at.g.neg(); }

Value mul(const Step& at, int i) { return at.g.mul(at.x[i == 0 ? 1 : 0]); }

Value div(const Step& at, int i) {
  const auto& [a, b, unused] = at.x;
  return i == 0 ? at.g.div(b) : at.g.mul(at.y.div(b)).neg();
}

Value fma(const Step& at, int i) { return i == 2 ? at.g : mul(at, i); }

Value min(const Step& at, int i) {
  const auto& [a, b, unused] = at.x;
  return of_extreme(at, i == 0 ? a.greater(b) : b.greater(a));
}

Value max(const Step& at, int i) {
  const auto& [a, b, unused] = at.x;
  return of_extreme(at, i == 0 ? a.less(b) : b.less(a));
}

Value neg(const Step& at, int) { return at.g.neg(); }

Value abs(const Step& at, int) { return at.g.mul(at.x[0].sign()); }

Value sqrt(const Step& at, int) { return fn::mul(at.g, 0.5).div(at.y); }

Value select(const Step& at, int i) {
  return i == 1 ? fn::choose(at.x[0], at.g, 0) : fn::choose(at.x[0], 0, at.g);
}

}  // namespace sinter::detail::gradient::rules
