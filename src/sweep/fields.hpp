#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <map>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "helmholtz/machine_file.hpp"
#include "helmholtz/sweep.hpp"

namespace helmholtz {

using Texts = std::vector<std::string>;

/// How a setting is read from text and written.
struct FieldAccess {
  enum class Kind {
    flag,    ///< "true" or "false"
    number,  ///< bare in TOML
    text,
    list,  ///< several values sweep
  };
  Kind kind = Kind::text;
  bool commas = false;  ///< of a list: whether one text may hold several values
  bool whole = false;   ///< of a list: whether its values are whole numbers
  /// Sets it. @throws InvalidArgument naming the field
  std::function<void(std::string_view field, const Texts& texts, SweepSpec& spec)> read;
  /// How many values there are; 0 if it is left out.
  std::function<std::size_t(const SweepSpec&)> size;
  /// Value i; read() takes it.
  std::function<std::string(const SweepSpec&, std::size_t i)> text;
  /// Of a list: gives a configuration value i.
  std::function<void(const SweepSpec&, std::size_t i, SweepConfiguration&)> choose = {};
};

/// A setting of a sweep, and all that the program and the library know about it: the command line,
/// TOML in both directions, the hash of a run directory, the flags that a saved machine's training
/// may repeat, the columns of exports and the tables of reports are loops over fields().
struct Field {
  enum class Scope {
    machine,    ///< what a machine is; a saved one has it
    rate,       ///< likewise, together with the other rates
    sweep,      ///< which machines, and what is measured of them
    execution,  ///< how results are computed, not what they are
  };
  std::string_view name = {};  ///< the flag without dashes, the key, the column
  std::string_view type = {};  ///< for --help, as the next two
  std::string_view group = {};
  std::string help = {};
  Scope scope = Scope::execution;
  FieldAccess access = {};
  /// Its name in a run directory's settings, which decide results; empty: it has no part in them.
  std::string_view setting = {};
  /// Its value there; without it, its texts joined by "; ".
  std::function<std::string(const SweepSpec&)> setting_text = {};
  /// Written only while it differs from its default, which then never changes: for a field that
  /// earlier versions did not have, so that their directories keep their hash, and files their
  /// bytes.
  bool omitted_at_default = false;
  /// Of a list: what the arithmetic makes of value i; without it, the text.
  std::function<std::string(const SweepSpec&, std::size_t i)> arithmetic = {};
  std::string_view title = {};         ///< in reports, if not the name
  std::string_view saved_as = {};      ///< in machine files, if not the name
  std::string_view default_text = {};  ///< for --help, where the default depends on other fields
  /// Of a list: a backend may support one value and not another, so that each is trained in
  /// ensembles of its own: SweepSpec::kinds().
  bool of_kind = false;
  bool leads = false;  ///< of a list: its column stands before the step, reports always name it
  bool of_sweeps_alone = false;  ///< `train` has none

  [[nodiscard]] bool is_list() const { return access.kind == FieldAccess::Kind::list; }
  [[nodiscard]] std::string_view shown_as() const { return title.empty() ? name : title; }
  [[nodiscard]] Texts texts(const SweepSpec& spec) const;
  [[nodiscard]] std::string setting_of(const SweepSpec& spec) const;
  /// Whether settings, TOML, machine files and tables leave it out.
  [[nodiscard]] bool is_omitted(const SweepSpec& spec) const;
  /// Whether it is among the settings of a sweep.
  [[nodiscard]] bool is_setting_of(const SweepSpec& spec) const;
};

/// The table, in the order of settings and of config.toml.
const std::vector<Field>& fields();

/// The lists, the slowest to change first; those that lead are the first.
const std::vector<const Field*>& swept_fields();

/// The texts of swept_fields() that a configuration has.
Texts configuration_texts(const SweepSpec& spec, std::uint64_t c);

/// The columns that tables have of swept_fields(), and what a configuration has in them.
std::vector<const Field*> column_fields(const SweepSpec& spec);
Texts column_texts(const SweepSpec& spec, std::uint64_t c);

/// Texts as columns of a CSV file, each with its comma behind it or before it. One that has commas
/// itself is quoted (RFC 4180).
std::string csv_fields(std::span<const std::string> texts, bool comma_behind);

/// The index that each of swept_fields() has in a configuration.
std::vector<std::size_t> configuration_indices(const SweepSpec& spec, std::uint64_t c);

/// The number that a configuration's kind has among SweepSpec::kinds().
std::size_t kind_number(const SweepSpec& spec, std::uint64_t c);

/// Texts of fields by name; what is left out has its default.
using GivenTexts = std::map<std::string, Texts, std::less<>>;

/// What a machine says of a spec, but for the files of its data set.
SweepSpec spec_of_machine(const SavedMachine& machine);

/// Without SweepSpec::load_data. @throws InvalidArgument naming the field; what make_world throws
SweepSpec parse_spec(const GivenTexts& given);

}  // namespace helmholtz
