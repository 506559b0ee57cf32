// The public headers of sinter in one include. No LLVM or fmt header comes with them.
#pragma once

#include <sinter/ir/dtype.h>
#include <sinter/ir/error.h>
#include <sinter/ir/gradients.h>
#include <sinter/ir/graph.h>
#include <sinter/ir/interpret.h>
#include <sinter/ir/op.h>
#include <sinter/ir/passes.h>
#include <sinter/ir/plan.h>
#include <sinter/ir/shape.h>
#include <sinter/ir/text.h>
#include <sinter/ir/verify.h>
#include <sinter/runtime/engine.h>
#include <sinter/runtime/executable.h>
#include <sinter/runtime/executor.h>
#include <sinter/runtime/options.h>
#include <sinter/runtime/stats.h>
#include <sinter/runtime/tensor.h>
#include <sinter/runtime/view.h>
