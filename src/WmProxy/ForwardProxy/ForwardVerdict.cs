using System.Collections.Generic;
using System.Diagnostics.CodeAnalysis;
using System.Net;
using WmProxy.ForwardProxy.Access;

namespace WmProxy.ForwardProxy;

/// <summary>What rules and guard say of a request.</summary>
/// <param name="Rule">The rule that allows it.</param>
/// <param name="ClusterId">The parents to go through; <see langword="null"/> to dial directly.</param>
/// <param name="Addresses">Where to, in the order to try them, through a parent too; empty where no rule asked for them and the parent resolves the name.</param>
/// <param name="Refusal">Why not.</param>
/// <param name="Error">In words, for a log.</param>
internal readonly record struct ForwardVerdict(ForwardRule? Rule, string? ClusterId, IReadOnlyList<IPAddress> Addresses, ForwardRefusal Refusal, string? Error)
{
    [MemberNotNullWhen(true, nameof(Rule))]
    public bool IsAllowed => Refusal == ForwardRefusal.None;

    public static ForwardVerdict Refused(ForwardRefusal refusal, string? error) => new(null, null, [], refusal, error);
}
