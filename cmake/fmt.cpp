// fmt's functions, compiled once. Every other file sees their declarations only: header-only fmt
// takes g++ 5 more seconds a file.
//
// fmt stands in an inline namespace of its own here (SinterFmt.cmake), so that these definitions
// meet no other fmt that a program links. The templates below are those that fmt's headers declare
// and do not define, which depends on the version; tried with 8.1, 9.1, 10.2, 11.0 and 12.0.
#include <fmt/format-inl.h>

FMT_BEGIN_NAMESPACE
namespace detail {

template FMT_API auto thousands_sep_impl(locale_ref) -> thousands_sep_result<char>;
template FMT_API auto decimal_point_impl(locale_ref) -> char;
template FMT_API auto dragonbox::to_decimal(float) noexcept -> dragonbox::decimal_fp<float>;
template FMT_API auto dragonbox::to_decimal(double) noexcept -> dragonbox::decimal_fp<double>;
template FMT_API void buffer<char>::append(const char*, const char*);

#if FMT_VERSION >= 100000 && FMT_VERSION < 120000
template FMT_API void vformat_to(buffer<char>&, string_view, typename vformat_args<>::type,
                                 locale_ref);
#elif FMT_VERSION < 90000
template FMT_API int format_float<double>(double, int, float_specs, buffer<char>&);
template FMT_API int snprintf_float<double>(double, int, float_specs, buffer<char>&);
template FMT_API int format_float<long double>(long double, int, float_specs, buffer<char>&);
template FMT_API int snprintf_float<long double>(long double, int, float_specs, buffer<char>&);
#endif

}  // namespace detail
FMT_END_NAMESPACE
