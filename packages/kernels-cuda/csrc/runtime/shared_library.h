// A library that is opened when it is needed, and its functions by name: everything works without it until then, and building needs
// no header of it.
#pragma once

#include <initializer_list>
#include <string>

namespace octavo::cuda {

/** Stays open to the end of the process. */
class SharedLibrary {
public:
    /** Opens the file that the environment variable names, or the first of `names` that there is. @param variable may be null */
    void open(const char* variable, std::initializer_list<const char*> names);

    bool is_open() const { return handle_ != nullptr; }

    /** @returns whether the library has the function */
    template <typename Function>
    bool bind(Function& function, const char* symbol) {
        function = reinterpret_cast<Function>(find(symbol));
        return function != nullptr;
    }

    /** For people: what was opened, or why nothing was; `bind` adds what is missing. */
    std::string found;

private:
    void* find(const char* symbol);

    void* handle_ = nullptr;
};

}  // namespace octavo::cuda
