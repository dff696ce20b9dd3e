//! Names that lead nowhere, to many addresses of which most are dead, or inside.
