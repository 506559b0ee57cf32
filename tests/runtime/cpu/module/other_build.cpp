// A module that belongs to another build of sinter: only its first field is like that of this one.
extern "C" {
extern const char* const sinter_llvm_compiler[1];
const char* const sinter_llvm_compiler[1] = {"0.0.9-0123456789abcdef"};
}
