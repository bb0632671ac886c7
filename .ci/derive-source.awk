# Rewrite one of apt's source files from the suites FROM (a regex of code names) to the suite TO, on stdout.
# Called by ./dev with -v form=deb822|list -v from=… -v to=…; so no server's address stands in this project.
#
# Only Debian's own entries of ready-made packages (deb, component main) are kept: those signed by its archive
# keyring or, where no key or a key in the text is given, with "debian" in their path. Updates and security go
# along, backports do not. Format: sources.list(5).

function suite_in(name) { return name ~ "^(" from ")(-updates|-security)?$" }
function suite_out(name) { sub("^(" from ")", "", name); return to name }
function suites_out(text,   count, i, part, list) {
  count = split(text, part, /[ \t]+/)
  for (i = 1; i <= count; i++) if (suite_in(part[i])) list = list (list ? " " : "") suite_out(part[i])
  return list
}

BEGIN { if (form == "deb822") { RS = ""; FS = "\n" } }

form == "deb822" {
  count = 0; wanted = 1; ours = 0; signed = ""; out = ""
  for (i = 1; i <= NF; i++) {
    if ($i ~ /^#/) continue
    if ($i ~ /^[ \t]/) { if (count) value[count] = value[count] "\n" $i; continue }
    at = index($i, ":"); text = substr($i, at + 1)
    gsub(/^[ \t]+|[ \t]+$/, "", text)
    name[++count] = substr($i, 1, at - 1); value[count] = text
  }
  if (!count) next
  for (i = 1; i <= count; i++) {
    key = tolower(name[i]); text = value[i]; flat = " " text " "; gsub(/[ \t\n]+/, " ", flat)
    if (key == "types") { wanted = wanted && flat ~ / deb /; text = "deb" }
    if (key == "suites") { text = suites_out(flat); wanted = wanted && text != "" }
    if (key == "components") { wanted = wanted && flat ~ / main /; text = "main" }
    if (key == "enabled" && tolower(flat) == " no ") wanted = 0
    if (key == "uris") ours = flat ~ /debian/
    if (key == "signed-by" && flat !~ /BEGIN PGP/) signed = flat
    out = out name[i] ":" (text ~ /^\n/ ? "" : " ") text "\n"
  }
  if (wanted && (signed ? signed ~ /debian-archive/ : ours)) printf "%s%s", (shown++ ? "\n" : ""), out
  next
}

{ sub(/#.*/, "") }
$1 != "deb" || /^[ \t]*deb[ \t]+(\[[^]]*\][ \t]+)?cdrom:/ { next }
{
  options = ""
  if (match($0, /\[[^]]*\]/)) {
    options = substr($0, RSTART, RLENGTH) " "
    $0 = substr($0, 1, RSTART - 1) substr($0, RSTART + RLENGTH)
  }
  if (!suite_in($3) || !/ main( |$)/) next
  if (options ~ /signed-by=/ ? options !~ /debian-archive/ : $2 !~ /debian/) next
  print "deb " options $2 " " suite_out($3) " main"
}
