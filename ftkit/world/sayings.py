"""How worked arithmetic is talked about: the forms of each role in `worked`."""

from .forms import forms

SUM = forms("""
    Let us work out {a} {sign} {b}.
    Here is {a} {sign} {b}, step by step.
    Now {a} {sign} {b}.
    We want {a} {sign} {b}.
    {a} {sign} {b} goes like this.
    Take {a} {sign} {b} slowly.
    The sum before us is {a} {sign} {b}.
    Next comes {a} {sign} {b}.
    This is how to do {a} {sign} {b}.
""")
RESULT = forms("""
    So {a} {sign} {b} = {c}.
    That makes {c}.
    The result is {c}.
    It comes to {c}.
    So we have {c}.
    In all it is {c}.
    We reach {c}.
    And so {a} {sign} {b} = {c}.
    {c} is the result.
""")
MORE = forms("""
    {who} packs {a} {things} in one box and {b} in another.
    There are {a} {things} on the shelf and {b} on the floor.
    {who} counts {a} {things} before noon and {b} after it.
    The shop gets {a} {things} on one day and {b} on the next.
    One cart brings {a} {things}, the other brings {b}.
    {a} {things} lie in the boat and {b} more on the quay.
    {who} picks {a} {things} and a friend picks {b}.
    To {a} {things} {who} adds {b}.
""")
FEWER = forms("""
    Of {a} {things} {who} gives away {b}.
    {who} had {a} {things}, and {b} fell into the sea.
    There were {a} {things}, but {b} are gone.
    {who} needs {a} {things} and has {b} so far.
    A box holds {a} {things}, and {b} are taken out.
    {who} has {a} {things}, a friend has {b} fewer.
    From {a} {things} the shop sends {b} away.
    The cart loses {b} of its {a} {things}.
""")
EACH = forms("""
    {who} fills {b} boxes with {a} {things} each.
    There are {b} carts, and each brings {a} {things}.
    On each of {b} days {who} packs {a} {things}.
    {b} friends have {a} {things} each.
    {b} shelves hold {a} {things} each.
    Each of {b} shops buys {a} {things}.
    {who} counts {a} {things} in each of {b} bags.
    {a} {things} go into a bag, and there are {b} bags.
""")
COUNT = forms("""
    So it is {c} {things}.
    That makes {c} {things}.
    The count is {c} {things}.
    It comes to {c} {things}.
    So we have {c} {things}.
    In all it is {c} {things}.
    We count {c} {things}.
    {c} {things} is the result.
""")
HIDDEN_SUM = forms("""
    Find n in n + {b} = {whole}.
    n + {b} = {whole}, and n is wanted.
    Some number and {b} make {whole}.
    A number is wanted that makes {whole} with {b}.
    Add {b} to a number and get {whole}.
    The sum of {b} and a hidden number is {whole}.
    {whole} is {b} more than a hidden number.
    A number grows by {b} and becomes {whole}.
""")
HIDDEN_FACTOR = forms("""
    Find n in n x {b} = {whole}.
    n x {b} = {whole}, and n is wanted.
    Some number times {b} is {whole}.
    A number is wanted that gives {whole} when taken {b} times.
    Take a number {b} times and get {whole}.
    {whole} is {b} times a hidden number.
    {b} equal parts make {whole}, and one part is wanted.
    Share {whole} in {b} equal parts.
""")
HINT = forms("""
    The answer is {c}.
    Hint: {c}.
    The book says that it is {c}.
    We are told that it is {c}.
    The answer is known, it is {c}.
    A friend knows that it is {c}.
    At the back of the book stands {c}.
    {c} is the answer.
    It will be {c}.
""")
TRIAL = forms("""
    Take {c}.
    Try {c}.
    Put in {c}.
    Start from {c}.
    Test {c}.
    Let it be {c}.
    With {c} it goes so.
    See whether {c} fits.
""")
FOUND = forms("""
    So the number is {c}.
    That fits, so it is {c}.
    The number is {c}.
    So n = {c}.
    So {c} it is.
    {c} is right.
    The hidden number is {c}.
    We have found {c}.
""")
CLAIM = forms("""
    The student gets {g}.
    {who} gets {g}.
    {who} writes {g}.
    The student says {g}.
    So says {who}: {g}.
    {g}, says {who}.
    The answer given is {g}.
    {who} hands in {g}.
""")
WRONG = forms("""
    The {place} are wrong, {right}, not {wrong}.
    There is a slip in the {place}: {right} and not {wrong}.
    All is well but the {place}, where {wrong} should be {total}.
    Not {wrong} but {total} belongs to the {place}.
    In the {place} it says {wrong}, yet {right}.
    The mistake is in the {place}, it must be {total}.
    Look at the {place} again, {right}.
    The {place} should come to {total}.
    One digit of the {place} is wrong: {right}.
""")
ALL_RIGHT = forms("""
    All steps are right.
    Every step is right.
    There is no mistake here.
    No step is wrong.
    This is well done.
    Nothing is wrong with it.
    Each column is right.
    The steps hold, all of them.
""")
GUESS = forms("""
    A first guess for {a} {sign} {b} is {g}.
    {a} {sign} {b} looks like {g}.
    At first sight {a} {sign} {b} is {g}.
    {who} thinks that {a} {sign} {b} is {g}.
    Quickly said, {a} {sign} {b} is {g}.
    For {a} {sign} {b} {who} says {g}.
    It seems that {a} {sign} {b} is {g}.
    {who} takes {a} {sign} {b} to be {g}.
""")
WAIT = forms("""
    Wait.
    Wait, let me check that.
    Wait, once more.
    Wait, let me count again.
    Wait, not so fast.
    Wait, I will do it again.
    Wait, is that so.
    Wait, look at the columns.
""")
CORRECTED = forms("""
    So it is {c}, not {g}.
    Not {g} but {c}.
    {g} was wrong, it is {c}.
    That was wrong: {c}, not {g}.
    The right answer is {c} and not {g}.
    It must be {c} instead of {g}.
    So I take back {g}: it is {c}.
    {c} it is, {g} was a slip.
""")
CONFIRMED = forms("""
    So {c} was right.
    It is {c} indeed.
    Yes, {c}.
    {c} again, so it stands.
    Once more {c}, that is right.
    So it stays {c}.
    Good, {c} holds.
    The first answer was right: {c}.
""")
