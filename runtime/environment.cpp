#include "environment.h"

#include <stdlib.h>

namespace sinter::detail {

std::string process_environment(const char* name) {
  const char* value = secure_getenv(name);
  return value == nullptr ? "" : value;
}

}  // namespace sinter::detail
