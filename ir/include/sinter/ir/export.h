// SINTER_API: marks the symbols that libsinter.so exports; all others are hidden.
#pragma once

#define SINTER_API __attribute__((visibility("default")))
