"""The look: Gradio's theme classes with our colours and system fonts, and the board's style sheet after them."""

from gradio.themes import Base
from gradio.themes.utils import colors, sizes

from backend.ui import assets

_SANS = (
    "ui-sans-serif",
    "system-ui",
    "-apple-system",
    "Segoe UI",
    "Roboto",
    "Noto Sans",
    "Liberation Sans",
    "sans-serif",
)
_MONO = ("ui-monospace", "SF Mono", "Menlo", "Consolas", "Liberation Mono", "monospace")


class CalmTheme(Base):
    """Warm greys, one quiet accent. Only system fonts, so that no font is fetched from anywhere."""

    def __init__(self) -> None:
        super().__init__(
            primary_hue=colors.indigo,
            secondary_hue=colors.indigo,
            neutral_hue=colors.stone,
            radius_size=sizes.radius_lg,
            text_size=sizes.text_md,
            font=_SANS,
            font_mono=_MONO,
        )
        self.name = "calm"
        self.set(
            body_background_fill="#f7f6f4",
            body_background_fill_dark="#161514",
            body_text_color="#262321",
            body_text_color_dark="#ebe8e4",
            body_text_color_subdued="#6a645e",
            body_text_color_subdued_dark="#a39c94",
            background_fill_primary="#ffffff",
            background_fill_primary_dark="#1f1d1c",
            background_fill_secondary="#f1efec",
            background_fill_secondary_dark="#292725",
            border_color_primary="#e5e1dc",
            border_color_primary_dark="#34312e",
            color_accent="*primary_600",
            block_border_width="0px",
            block_shadow="none",
            block_shadow_dark="none",
        )
        # Gradio serves it raw within theme.css, and waits for that before it draws: nothing jumps on load.
        self.custom_css = assets.style()
