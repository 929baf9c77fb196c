from pathlib import Path

import docx
import pytest

from frontdesk.knowledge.errors import DocumentError
from frontdesk.knowledge.office_files import read_docx, read_pdf


def write_pdf(path: Path, lines: list[str]) -> None:
    """Write a PDF of one page with a line of text below the other."""
    shown = "".join(f"({line}) Tj 0 -16 Td " for line in lines)
    stream = f"BT /F1 12 Tf 50 750 Td {shown}ET" if lines else ""
    objects = [
        "<< /Type /Catalog /Pages 2 0 R >>",
        "<< /Type /Pages /Kids [3 0 R] /Count 1 >>",
        "<< /Type /Page /Parent 2 0 R /MediaBox [0 0 612 792] /Contents 4 0 R "
        "/Resources << /Font << /F1 5 0 R >> >> >>",
        f"<< /Length {len(stream)} >>\nstream\n{stream}\nendstream",
        "<< /Type /Font /Subtype /Type1 /BaseFont /Helvetica >>",
    ]
    content, offsets = "%PDF-1.4\n", []
    for number, entry in enumerate(objects, 1):
        offsets.append(len(content))
        content += f"{number} 0 obj\n{entry}\nendobj\n"
    start = len(content)
    content += f"xref\n0 {len(objects) + 1}\n0000000000 65535 f \n"
    content += "".join(f"{offset:010d} 00000 n \n" for offset in offsets)
    content += f"trailer << /Size {len(objects) + 1} /Root 1 0 R >>\n"
    path.write_text(f"{content}startxref\n{start}\n%%EOF\n", "ascii")


def test_pdf_lines_are_joined_to_paragraphs(tmp_path: Path) -> None:
    path = tmp_path / "warranty.pdf"
    write_pdf(
        path,
        [
            "Warranty",
            "The lamp is covered for two years from the day of deli-",
            "very, and so is every part that we replace during this",
            "time.",
            "- bulbs are not covered",
        ],
    )

    [document], _ = read_pdf(path)

    assert document.title == "Warranty"
    assert document.text == (
        "The lamp is covered for two years from the day of delivery, and so is every "
        "part that we replace during this time.\n- bulbs are not covered"
    )


def test_a_pdf_of_pictures_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "scan.pdf"
    write_pdf(path, [])

    with pytest.raises(DocumentError, match="only pictures perhaps"):
        read_pdf(path)


def test_docx_headings_lists_and_tables_keep_their_order(tmp_path: Path) -> None:
    written = docx.Document()
    written.add_heading("Assembly", 0)
    written.add_paragraph("We assemble beds.")
    written.add_heading("Prices", 1)
    table = written.add_table(rows=0, cols=2)
    for cells in (("Bed", "Fee"), ("Single", "£29")):
        row = table.add_row().cells
        row[0].text, row[1].text = cells
    written.add_paragraph("bring tools", style="List Bullet")
    path = tmp_path / "assembly.docx"
    written.save(str(path))

    [document], _ = read_docx(path)

    assert document.title == "Assembly"
    assert document.text == (
        "We assemble beds.\n\n# Prices\n\n| Bed | Fee |\n| --- | --- |\n"
        "| Single | £29 |\n\n- bring tools"
    )
