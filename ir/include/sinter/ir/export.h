// Marks the symbols that libsinter.so exports; everything else is hidden.
#pragma once

#define SINTER_API __attribute__((visibility("default")))
