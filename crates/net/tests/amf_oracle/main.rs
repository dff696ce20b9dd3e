//! Objects in AMF compared with other libraries: flash-lso, which reads, and Py3AMF, which reads and writes.
//!
//! Py3AMF is looked for in the Python that `RAVELIN_PYTHON` names, else in `python3`.

mod describe;
mod flash;
mod python;
mod samples;
