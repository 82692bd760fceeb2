#include "runtime/shared_library.h"

#include <dlfcn.h>

#include <cstdlib>

namespace octavo::cuda {

void SharedLibrary::open(const char* variable, std::initializer_list<const char*> names) {
    const char* named = variable ? std::getenv(variable) : nullptr;
    if (named && *named) return open(nullptr, {named});
    for (const char* name : names) {
        handle_ = dlopen(name, RTLD_NOW | RTLD_LOCAL);
        if (handle_) {
            found = name;
            return;
        }
        if (found.empty()) found = dlerror();  // of the name that was hoped for most
    }
}

void* SharedLibrary::find(const char* symbol) {
    void* function = dlsym(handle_, symbol);
    if (!function) found += std::string(", without ") + symbol;
    return function;
}

}  // namespace octavo::cuda
