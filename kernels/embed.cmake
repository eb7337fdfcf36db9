# Writes OUTPUT, a C++ file with the texts of FILES ("name=path|name=path|…").
set(entries "")
string(REPLACE "|" ";" files "${FILES}")
foreach(file IN LISTS files)
  string(REGEX MATCH "^([^=]+)=(.+)$" ignored "${file}")
  set(name ${CMAKE_MATCH_1})
  file(READ "${CMAKE_MATCH_2}" text)
  string(APPEND entries "    {\"${name}\", R\"source(${text})source\"},\n")
endforeach()
file(WRITE "${OUTPUT}" "#include \"kernels/runtime/nvrtc.hpp\"

namespace helmholtz::cuda {

std::span<const EmbeddedSource> embedded_sources() {
  static constexpr EmbeddedSource kSources[] = {
${entries}  };
  return kSources;
}

}  // namespace helmholtz::cuda
")
