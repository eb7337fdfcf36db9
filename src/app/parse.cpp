#include "app/parse.hpp"

#include "helmholtz/error.hpp"

namespace helmholtz::app {

void require_file_name(std::string_view field, const std::optional<std::string>& name) {
  if (name && name->empty()) throw InvalidArgument(field, *name, "the name of a file");
}

}  // namespace helmholtz::app
