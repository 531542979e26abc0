"""What collections call the columns of their lists, in many languages."""

import re
import unicodedata
from collections.abc import Sequence

USUAL_NAMES = {
    "path": (
        "path", "file path", "image path", "filename", "file", "image file", "image filename",
        "image name", "new filename", "image", "img", "picture", "photo", "scan",
        "Dateipfad", "Pfad", "Dateiname", "Datei", "Bilddatei", "Bild", "Abbildung",
        "chemin du fichier", "chemin", "nom du fichier", "nom de fichier", "fichier",
        "fichier image", "ruta del archivo", "ruta", "nombre de archivo", "nombre del archivo",
        "archivo", "fichero", "imagen", "percorso", "nome file", "nome del file", "immagine",
        "bestandspad", "pad", "bestandsnaam", "bestand", "afbeelding", "caminho",
        "nome do arquivo", "nome do ficheiro", "arquivo", "ficheiro", "imagem", "sciezka",
        "nazwa pliku", "plik", "obraz", "путь", "имя файла", "файл", "изображение", "路径",
        "文件名", "文件", "图像", "图片", "パス", "ファイル名", "ファイル", "画像",
    ),
    "id": (
        "accession number", "accession no", "accession nr", "accession", "acc no",
        "inventory number", "inventory no", "inventory nr", "inv no", "inv nr", "inv",
        "object number", "object no", "museum number", "registration number",
        "catalogue number", "catalog number", "Inventarnummer", "Inventarnr", "Inventar",
        "Objektnummer", "Objektnr", "Zugangsnummer", "Signatur", "numéro d'inventaire",
        "n° d'inventaire", "nº d'inventaire", "no d'inventaire", "no inventaire",
        "n° inventaire", "inventaire", "numéro d'objet", "cote", "número de inventario",
        "nº de inventario", "n° de inventario", "nº inventario", "n° inventario",
        "núm. inventario", "número de registro", "numero d'inventario", "numero di inventario",
        "n. inventario", "inventario", "inventarisnummer", "objectnummer",
        "número de inventário", "número de tombo", "numer inwentarzowy", "nr inwentarzowy",
        "nr inw", "sygnatura", "инвентарный номер", "инв. номер", "инв. №", "номер", "登记号",
        "藏品编号", "馆藏编号", "编号", "収蔵番号", "登録番号", "資料番号", "作品番号",
        "identifier", "object id", "id",
    ),
    "label": (
        "title", "Titel", "titre", "título", "titolo", "tytuł", "название", "标题", "题名",
        "題名", "作品名", "タイトル", "label", "object name",
    ),
}  # fmt: skip
"""Column -> its usual names, the most telling first."""


def fold(title: str) -> str:
    """Return a column's name without case, accents, spaces and signs: Inv.-Nr. is invnr."""
    decomposed = unicodedata.normalize("NFKD", title.removeprefix("ï»¿")).casefold()
    return re.sub(r"[\W_]", "", "".join(c for c in decomposed if not unicodedata.combining(c)))


_FOLDED = {column: [fold(name) for name in names] for column, names in USUAL_NAMES.items()}


def usual_positions(header: Sequence[str], column: str) -> list[int]:
    """Return the positions of the most telling of a column's usual names that a header has."""
    folded = [fold(title) for title in header]
    name = next((name for name in _FOLDED[column] if name in folded), None)
    return [at for at, title in enumerate(folded) if title == name]
