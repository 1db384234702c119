/** Deadlines in order: a binary heap whose elements know their place, so that any of them can be taken out. */

export interface Deadline {
  /** µs of the monotonic clock; 0: none, and it is not in the heap. */
  deadline: number;
  /** Place in the heap, -1 when it is not in it. */
  place: number;
}

export class DeadlineQueue<T extends Deadline> {
  private readonly elements: T[] = [];

  get size(): number {
    return this.elements.length;
  }

  /** The element whose deadline comes first, or null. */
  get first(): T | null {
    return this.elements.length === 0 ? null : this.elements[0];
  }

  add(element: T): void {
    this.elements.push(element);
    this.rise(element, this.elements.length - 1);
  }

  /** Takes an element out; nothing happens if it is not in the heap. */
  remove(element: T): void {
    const { place } = element;
    if (place < 0) return;
    element.place = -1;
    const last = this.elements.pop() as T;
    if (last === element) return;
    this.rise(last, place);
    this.sink(last, last.place);
  }

  private rise(element: T, from: number): void {
    const { elements } = this;
    let place = from;
    while (place > 0) {
      const parent = (place - 1) >> 1;
      if (elements[parent].deadline <= element.deadline) break;
      this.put(elements[parent], place);
      place = parent;
    }
    this.put(element, place);
  }

  private sink(element: T, from: number): void {
    const { elements } = this;
    let place = from;
    for (;;) {
      let child = place * 2 + 1;
      if (child >= elements.length) break;
      if (child + 1 < elements.length && elements[child + 1].deadline < elements[child].deadline) child++;
      if (elements[child].deadline >= element.deadline) break;
      this.put(elements[child], place);
      place = child;
    }
    this.put(element, place);
  }

  private put(element: T, place: number): void {
    this.elements[place] = element;
    element.place = place;
  }
}
