"""What 200 licence expressions allow and demand, written down by hand from the licences' texts.

Uses: p publish, s sell, c change; `-` for none. Duties of whoever publishes: c credit, t text,
h say what was changed, s same terms, o offer the source; `-` for none.
"""

TABLE = {
    ("psc", "-"): """
        CC0-1.0; cc0-1.0; PDDL-1.0; Unlicense; unlicense; 0BSD; MIT-0; WTFPL; CC-PDDC; CC-PDM-1.0
        DL-DE-ZERO-2.0; LicenseRef-own-work; (CC0-1.0); ((CC0-1.0)); CC0-1.0 AND Unlicense
        CC0-1.0 and 0bsd; CC0-1.0 OR MIT; MIT OR CC0-1.0; MIT or cc0-1.0; GPL-3.0-only OR CC0-1.0
        CC-BY-NC-ND-4.0 OR CC0-1.0; (MIT AND CC-BY-4.0) OR 0BSD; MIT AND CC-BY-4.0 OR 0BSD
        0BSD OR MIT AND CC-BY-4.0; LicenseRef-asked OR CC0-1.0; CC0-1.0 OR LicenseRef-asked
        (CC0-1.0 OR MIT) AND (Unlicense OR ISC); LicenseRef-own-work AND CC0-1.0
        LicenseRef-own-work OR CC-BY-NC-4.0; CC0-1.0 AND (PDDL-1.0 AND (WTFPL AND MIT-0))""",
    ("psc", "ct"): """
        MIT; mit; ISC; BSD-2-Clause; BSD-3-Clause; X11; NCSA; PostgreSQL; Python-2.0; Unicode-3.0
        Unicode-DFS-2016; BSL-1.0; ODC-By-1.0; OGL-UK-3.0; etalab-2.0; DL-DE-BY-2.0; NLOD-2.0
        CDLA-Permissive-1.0; C-UDA-1.0; MIT AND ISC; MIT OR ISC; MIT AND CC0-1.0; CC0-1.0 AND MIT
        MIT AND (CC0-1.0 OR CC-BY-NC-4.0); MIT OR CC-BY-4.0; CC-BY-4.0 OR MIT; MIT OR Apache-2.0
        Apache-2.0 OR MIT; (MIT OR GPL-2.0-only) AND BSD-3-Clause; MIT WITH LLVM-exception
        MIT OR CC-BY-NC-ND-4.0; LicenseRef-own-work AND MIT; MIT OR LicenseRef-asked""",
    ("psc", "t"): """
        CDLA-Permissive-2.0; CDLA-Permissive-2.0 AND CC0-1.0; CDLA-Permissive-2.0 OR MIT""",
    ("psc", "cth"): """
        CC-BY-4.0; cc-by-4.0; CC-BY-3.0; CC-BY-2.5; CC-BY-2.0; CC-BY-1.0; CC-BY-3.0-DE; CC-BY-3.0-US
        CC-BY-3.0-IGO; Apache-2.0; apache-2.0; Apache-2.0+; Zlib; Artistic-2.0
        Apache-2.0 WITH LLVM-exception; CC-BY-4.0 AND MIT; MIT AND CC-BY-4.0; CC-BY-4.0 AND CC0-1.0
        CC-BY-4.0 OR CC-BY-SA-4.0; CC-BY-SA-4.0 OR CC-BY-4.0; CC-BY-4.0 OR CC-BY-NC-4.0
        CC-BY-NC-4.0 OR CC-BY-4.0; Apache-2.0 OR GPL-2.0-only; GPL-2.0-or-later OR Apache-2.0
        CC-BY-4.0 AND (Apache-2.0 OR GPL-3.0-only); (CC-BY-4.0 OR CC-BY-NC-4.0) AND ISC
        CC-BY-4.0 AND CC-BY-3.0 AND CC-BY-2.0; MIT AND Apache-2.0 AND BSD-3-Clause""",
    ("psc", "cths"): """
        CC-BY-SA-4.0; CC-BY-SA-3.0; CC-BY-SA-2.5; CC-BY-SA-2.0; CC-BY-SA-1.0; CC-BY-SA-3.0-DE
        CC-BY-SA-2.0-UK; cc-by-sa-4.0; CC-BY-SA-4.0 AND MIT; MIT AND CC-BY-SA-4.0
        CC-BY-SA-4.0 AND CC-BY-4.0; CC-BY-SA-4.0 OR CC-BY-NC-SA-4.0; GFDL-1.3-or-later
        GFDL-1.2-only; CDLA-Sharing-1.0; LAL-1.3; CC-BY-SA-4.0 OR GPL-3.0-only
        (CC-BY-SA-4.0 OR GFDL-1.3-or-later) AND CC0-1.0; CC-BY-4.0 AND ODbL-1.0""",
    ("psc", "cts"): """
        ODbL-1.0; odbl-1.0; OFL-1.1; OFL-1.0; OFL-1.1-RFN; ODbL-1.0 AND MIT; OFL-1.1 AND CC0-1.0
        ODbL-1.0 OR LicenseRef-asked""",
    ("psc", "cthso"): """
        GPL-2.0-only; GPL-2.0-or-later; GPL-2.0+; gpl-2.0-or-later; GPL-3.0-only; GPL-3.0-or-later
        AGPL-3.0-only; AGPL-3.0-or-later; LGPL-2.1-only; LGPL-2.1-or-later; LGPL-3.0-only; MPL-2.0
        EPL-2.0; EUPL-1.2; CDDL-1.0; GPL-2.0-only WITH Classpath-exception-2.0
        GPL-2.0-or-later WITH GCC-exception-2.0; GPL-3.0-only AND MIT; MIT AND GPL-3.0-only
        CC-BY-SA-4.0 AND GPL-3.0-only; MPL-2.0 OR GPL-2.0-or-later; GPL-2.0-only OR LicenseRef-asked
        (GPL-2.0-only WITH Classpath-exception-2.0) AND MIT""",
    ("pc", "cth"): """
        CC-BY-NC-4.0; CC-BY-NC-3.0; CC-BY-NC-2.5; CC-BY-NC-2.0; CC-BY-NC-1.0; CC-BY-NC-3.0-DE
        cc-by-nc-4.0; CC-BY-NC-4.0 AND MIT; MIT AND CC-BY-NC-4.0; CC-BY-4.0 AND CC-BY-NC-4.0
        CC-BY-NC-4.0 OR CC-BY-NC-SA-4.0; (CC-BY-NC-4.0 OR CC-BY-NC-3.0) AND CC0-1.0
        CC-BY-NC-4.0 OR LicenseRef-asked""",
    ("pc", "cths"): """
        CC-BY-NC-SA-4.0; CC-BY-NC-SA-3.0; CC-BY-NC-SA-2.0; CC-BY-NC-SA-3.0-IGO; cc-by-nc-sa-4.0
        CC-BY-SA-4.0 AND CC-BY-NC-4.0; CC-BY-NC-SA-4.0 AND MIT; ODbL-1.0 AND CC-BY-NC-4.0""",
    ("pc", "t"): "PolyForm-Noncommercial-1.0.0; PolyForm-Noncommercial-1.0.0 AND CC0-1.0",
    ("ps", "ct"): """
        CC-BY-ND-4.0; CC-BY-ND-3.0; CC-BY-ND-2.0; CC-BY-ND-1.0; cc-by-nd-4.0; CC-BY-ND-3.0-DE
        CC-BY-ND-4.0 AND MIT; CC-BY-ND-4.0 AND CC0-1.0""",
    ("psc", "ct "): "CC-BY-ND-4.0 OR CC-BY-NC-4.0; CC-BY-NC-4.0 OR CC-BY-ND-4.0",
    ("p", "ct"): """
        CC-BY-NC-ND-4.0; CC-BY-NC-ND-3.0; CC-BY-NC-ND-2.5; CC-BY-NC-ND-1.0; cc-by-nc-nd-4.0
        CC-BY-NC-ND-3.0-IGO; CC-BY-NC-ND-4.0 AND MIT; CC-BY-NC-ND-4.0 OR LicenseRef-asked""",
    ("p", "cth"): "CC-BY-NC-4.0 AND CC-BY-ND-4.0; CC-BY-ND-4.0 AND CC-BY-NC-3.0",
    ("-", "-"): """
        NOASSERTION; noassertion; NONE; unknown; ?; n/a; CC-BY-NC-5.0; CC BY 4.0; CC-BY; free; (MIT
        MIT AND; LicenseRef-asked; LicenseRef-asked AND CC0-1.0; CC0-1.0 AND LicenseRef-asked
        MIT AND (LicenseRef-a OR LicenseRef-b); LicenseRef-a OR LicenseRef-b; all rights reserved
        GPL-2.0-only WITH No-such-exception; BUSL-1.1; MIT AND BUSL-1.1; JSON; MIT OR; AND; ()
        MIT Apache-2.0""",
}

CASES = [
    (expression.strip(), uses.strip("-"), duties.strip("- "))
    for (uses, duties), said in TABLE.items()
    for line in said.strip().splitlines()
    for expression in line.split(";")
]
