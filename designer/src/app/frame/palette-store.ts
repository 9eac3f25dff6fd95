import { createStore, useStore } from "zustand";

const palette = createStore(() => ({ open: false }));

export const openPalette = () => palette.setState({ open: true });
export const closePalette = () => palette.setState({ open: false });
export const togglePalette = () => palette.setState(({ open }) => ({ open: !open }));
export const usePaletteIsOpen = () => useStore(palette, (state) => state.open);
