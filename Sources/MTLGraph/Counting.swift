/// Counts of work and memory are products of sizes from files, each within its own limit, whose product may be more than
/// 64 bits hold. They stay at the largest number instead: whoever compares them with a limit sees too much.
extension Int {
  package func saturatingProduct(_ other: Int) -> Int {
    let (product, overflow) = multipliedReportingOverflow(by: other)
    return overflow ? .max : product
  }

  package func saturatingSum(_ other: Int) -> Int {
    let (sum, overflow) = addingReportingOverflow(other)
    return overflow ? .max : sum
  }
}
