// Errors are those of every addon.
#pragma once

#include "octavo/error.h"
