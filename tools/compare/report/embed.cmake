# Makes the page of the report, all but the results, as C++: page.hpp says what comes out.
#   cmake -D CHART_JS=… -D OUTPUT=… -P embed.cmake
cmake_minimum_required(VERSION 3.25)

file(READ ${CMAKE_CURRENT_LIST_DIR}/report.html html)
file(READ ${CMAKE_CURRENT_LIST_DIR}/report.css report_css)
foreach(file IN ITEMS text.js charts.js report.js)
  file(READ ${CMAKE_CURRENT_LIST_DIR}/${file} script)
  string(APPEND report_js "${script}\n")
endforeach()
file(READ ${CHART_JS} chart_js)

# The notice at the beginning is what its license wants to be kept.
if(NOT chart_js MATCHES "^[ \n]*/\\*![^/]*Chart\\.js v([0-9]+)\\.")
  message(FATAL_ERROR "${CHART_JS} does not begin with the notice of Chart.js")
endif()
if(CMAKE_MATCH_1 LESS 3)
  message(FATAL_ERROR "${CHART_JS} is Chart.js ${CMAKE_MATCH_1}; the report needs 3 or newer")
endif()
# The page loads nothing: not even the map that a debugger would ask for.
string(REGEX REPLACE "//# sourceMappingURL=[^\n]*" "" chart_js "${chart_js}")
foreach(script IN ITEMS chart_js report_js)
  if("${${script}}" MATCHES "</script|<!--")
    message(FATAL_ERROR "${script} would end its own element in the page: it holds </script or <!--")
  endif()
endforeach()

set(code "#include \"tools/compare/report/page.hpp\"\n\nnamespace revecho::compare {\nnamespace {\n\n")
string(REGEX MATCH "^(.*)@results@(.*)$" found "${html}")
set(before_results "${CMAKE_MATCH_1}")
set(after_results "${CMAKE_MATCH_2}")
foreach(part IN ITEMS before_results after_results)
  string(CONFIGURE "${${part}}" text @ONLY)
  string(HEX "${text}" text)
  # Characters one by one: compilers may refuse a string literal of this length.
  string(REGEX REPLACE "(..)" "'\\\\x\\1'," text "${text}")
  string(APPEND code "constexpr char ${part}[] = {${text}};\n")
endforeach()
string(APPEND code "\n} // namespace\n")
foreach(part IN ITEMS before_results after_results)
  string(APPEND code "\nstd::string_view page_${part}() { return {${part}, sizeof ${part}}; }")
endforeach()
file(WRITE ${OUTPUT} "${code}\n\n} // namespace revecho::compare\n")
