#include <filesystem>

#include <fmt/format.h>
#include <fmt/ranges.h>

#include "helmholtz/error.hpp"
#include "sweep/field_access.hpp"
#include "sweep/field_groups.hpp"
#include "sweep/settings.hpp"

namespace helmholtz {

namespace {

using Kind = FieldAccess::Kind;
using Scope = Field::Scope;

FieldAccess data_file(std::filesystem::path DatasetFiles::*member) {
  return access::one(
      Kind::text,
      [=](std::string_view field, std::string_view text, SweepSpec& spec) {
        if (text.empty()) throw InvalidArgument(field, text, "the name of a file");
        spec.data.files.*member = text;
      },
      [=](const SweepSpec& spec) {  // whatever the current directory
        const auto& path = spec.data.files.*member;
        return path.empty() ? "" : std::filesystem::absolute(path).string();
      });
}

}  // namespace

std::vector<Field> data_fields() {
  return {
      {.name = "data",
       .type = "FILE",
       .group = "Data",
       .help =
           "rows to train on instead of a world: HDF5 with datasets train and perhaps valid and "
           "test, or text, IDX or NPY",
       .access = data_file(&DatasetFiles::data)},
      {.name = "train",
       .type = "FILE",
       .group = "Data",
       .help = "the rows to train on, where each split has a file of its own",
       .access = data_file(&DatasetFiles::train)},
      {.name = "valid",
       .type = "FILE",
       .group = "Data",
       .help = "the rows to choose by, beside --train",
       .access = data_file(&DatasetFiles::valid)},
      {.name = "test",
       .type = "FILE",
       .group = "Data",
       .help = "the rows to judge by, beside --train",
       .access = data_file(&DatasetFiles::test)},
      {.name = "binarize",
       .type = "HOW",
       .group = "Data",
       .help = "how grey values become 0 and 1: none (they are refused), a threshold, or sample "
               "(drawn again at each visit)",
       .scope = Scope::machine,
       .access = access::one(
           Kind::text,
           [](auto, auto text, SweepSpec& spec) { spec.data.binarize = Binarize::parse(text); },
           [](const SweepSpec& spec) {
             return spec.data.binarize == Binarize() ? "" : spec.data.binarize.to_string();
           }),
       .setting = "binarize",
       .omitted_at_default = true,
       .default_text = "none"},
      {.name = "order",
       .type = "ORDER",
       .group = "Data",
       .help = "of the rows: iid (drawn with replacement) or epochs (each once per epoch)",
       .scope = Scope::machine,
       .access = access::one(
           Kind::text, [](auto, auto text, SweepSpec& spec) { spec.order = parse_order(text); },
           [](const SweepSpec& spec) {
             return spec.order == Order::iid ? "" : to_string(spec.order);
           }),
       .setting = "order",
       .omitted_at_default = true,
       .default_text = "iid"},
  };
}

}  // namespace helmholtz
