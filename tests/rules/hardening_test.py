"""What a program is hardened with, by what readelf says of it: hardening_test.py READELF PROGRAM"""

import re
import subprocess
import sys

readelf, program = sys.argv[1:]
text = subprocess.run([readelf, "-W", "-h", "-l", "-d", "--dyn-syms", program], capture_output=True, text=True,
                      check=True).stdout
expected = {
    "position independent (PIE)": r"Type: +DYN ",
    "stack protector": r"__stack_chk_fail",
    "checked library calls (_FORTIFY_SOURCE)": r"__\w+_chk@",
    "read-only relocations (RELRO)": r"GNU_RELRO",
    "all of them, resolved at start (BIND_NOW)": r"FLAGS.*BIND_NOW|FLAGS_1.*NOW",
    "a stack that is not executable": r"GNU_STACK +(?:0x\w+ +)*RW ",
}
missing = [name for name, pattern in expected.items() if not re.search(pattern, text)]
for name in missing:
    print(f"{program}: not hardened: {name}")
sys.exit(1 if missing else 0)
