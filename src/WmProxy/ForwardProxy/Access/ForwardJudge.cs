using System;
using System.Collections.Generic;
using System.Linq;
using System.Net;
using System.Threading;
using System.Threading.Tasks;
using WmProxy.Connections;
using WmProxy.Connectors;

namespace WmProxy.ForwardProxy.Access;

/// <summary>
/// Judges requests by rules and egress guard. A name is resolved once, and each of its addresses judged for itself; it is not resolved where the rules refuse
/// it whatever it resolves to, nor where a parent is to do that.
/// </summary>
internal sealed class ForwardJudge
{
    // What is dialled one after another, and at the same time, for one request of a client, whose own name servers may answer with any number.
    private const int MaxAddresses = 8;

    private readonly AddressResolver _resolver;
    private readonly EgressGuard _guard;
    private readonly EgressGuardReporter _reporter;
    private readonly ForwardMetrics _metrics;

    public ForwardJudge(AddressResolver resolver, EgressGuard guard, EgressGuardReporter reporter, ForwardMetrics metrics)
    {
        _resolver = resolver;
        _guard = guard;
        _reporter = reporter;
        _metrics = metrics;
    }

    /// <exception cref="OperationCanceledException">Only by <paramref name="cancellationToken"/>.</exception>
    public ValueTask<ForwardVerdict> JudgeAsync(ForwardProxyModel proxy, ForwardRequest request, CancellationToken cancellationToken)
    {
        if (request.Target.Address is { } address)
        {
            return new ValueTask<ForwardVerdict>(JudgeAddress(proxy, request, address));
        }

        // Resolvers take more for a name than rules can name ("x-.example"): what no rule can deny is not looked up.
        if (HostName.Normalize(request.Target.Host) is not { } name)
        {
            return new ValueTask<ForwardVerdict>(ForwardVerdict.Refused(ForwardRefusal.RuleDenied, "it is no host name"));
        }

        var rule = proxy.Rules.Find(request, name, null, out var needsAddress);
        if (needsAddress)
        {
            return JudgeAddressesAsync(proxy, request, name, null, cancellationToken);
        }

        if (rule is not { IsAllow: true })
        {
            return new ValueTask<ForwardVerdict>(Deny(proxy, rule));
        }

        return rule.ClusterId is null
            ? JudgeAddressesAsync(proxy, request, name, rule, cancellationToken)
            : new ValueTask<ForwardVerdict>(JudgeName(proxy, request, name, rule));
    }

    /// <summary>Whether a request that was allowed before would be now; <see langword="null"/> where that takes a name to be resolved. Counts nothing.</summary>
    /// <param name="proxy">The proxy as it is now.</param>
    /// <param name="request">The request.</param>
    /// <param name="dialled">The address that was dialled for it; <see langword="null"/> where a parent was asked to.</param>
    public bool? IsAllowed(ForwardProxyModel proxy, ForwardRequest request, IPAddress? dialled)
    {
        var address = request.Target.Address ?? dialled;
        var name = request.Target.Address is null ? HostName.Normalize(request.Target.Host) : null;
        if (name is null && request.Target.Address is null)
        {
            return false;
        }

        var rule = proxy.Rules.Find(request, name, address, out var needsAddress);
        if (needsAddress)
        {
            return null;
        }

        if (rule is not { IsAllow: true })
        {
            return false;
        }

        var reason = address is null ? EgressGuard.CheckName(proxy, name, request.Target.Port, rule) : _guard.Check(proxy, request, address, rule);
        return reason == GuardReason.None || !IsEnforced(proxy, reason);
    }

    private static bool IsEnforced(ForwardProxyModel proxy, GuardReason reason) => proxy.IsGuardEnforced || reason == GuardReason.Loop;

    private ForwardVerdict JudgeAddress(ForwardProxyModel proxy, in ForwardRequest request, IPAddress address)
    {
        var rule = proxy.Rules.Find(request, null, address, out _);
        if (rule is not { IsAllow: true })
        {
            return Deny(proxy, rule);
        }

        _metrics.Decided(proxy.ProxyId, rule);
        return Guard(proxy, request.Target, _guard.Check(proxy, request, address, rule), rule, address)
            ?? new ForwardVerdict(rule, rule.ClusterId, rule.ClusterId is null ? [address] : [], ForwardRefusal.None, null);
    }

    private ForwardVerdict JudgeName(ForwardProxyModel proxy, in ForwardRequest request, string name, ForwardRule rule)
    {
        _metrics.Decided(proxy.ProxyId, rule);
        return Guard(proxy, request.Target, EgressGuard.CheckName(proxy, name, request.Target.Port, rule), rule, null)
            ?? new ForwardVerdict(rule, rule.ClusterId, [], ForwardRefusal.None, null);
    }

    /// <param name="proxy">The proxy.</param>
    /// <param name="request">The request, for a name.</param>
    /// <param name="name">The name, normalized.</param>
    /// <param name="rule">The rule that allows it whatever it resolves to; <see langword="null"/> where that depends.</param>
    /// <param name="cancellationToken">Gives up.</param>
    private async ValueTask<ForwardVerdict> JudgeAddressesAsync(
        ForwardProxyModel proxy, ForwardRequest request, string name, ForwardRule? rule, CancellationToken cancellationToken)
    {
        var resolved = await _resolver.ResolveForClientAsync(name, request.Client, cancellationToken);
        if (resolved.Addresses.Length == 0)
        {
            return ForwardVerdict.Refused(ForwardRefusal.NameNotResolved, $"{request.Target.Host}: {resolved.Error}");
        }

        ForwardRule? chosen = null;
        ForwardVerdict? refusal = null;
        var addresses = new List<IPAddress>();
        foreach (var candidate in Few(resolved.Addresses))
        {
            var address = candidate.Unmap();
            var decided = rule ?? proxy.Rules.Find(request, name, address, out _);
            if (decided is not { IsAllow: true })
            {
                refusal ??= Deny(proxy, decided);
            }
            else if (Guard(proxy, request.Target, _guard.Check(proxy, request, address, decided), decided, address) is { } guarded)
            {
                refusal ??= guarded;
            }
            else if (chosen is null || ReferenceEquals(chosen, decided))
            {
                // One rule for one request: where another would route it differently, its addresses are left out.
                chosen = decided;
                addresses.Add(address);
            }
        }

        if (chosen is null)
        {
            return refusal!.Value;
        }

        // A parent is asked for the addresses too: its name servers may say something else, which nobody has judged.
        _metrics.Decided(proxy.ProxyId, chosen);
        return new ForwardVerdict(chosen, chosen.ClusterId, addresses, ForwardRefusal.None, null);
    }

    /// <summary>The first addresses of each family, in their order.</summary>
    private static IEnumerable<IPAddress> Few(IPAddress[] addresses)
    {
        if (addresses.Length <= MaxAddresses)
        {
            return addresses;
        }

        var few = addresses.GroupBy(address => address.AddressFamily).SelectMany(family => family.Take(MaxAddresses / 2)).ToHashSet();
        return addresses.Where(few.Contains);
    }

    private ForwardVerdict Deny(ForwardProxyModel proxy, ForwardRule? rule)
    {
        _metrics.Decided(proxy.ProxyId, rule);
        return ForwardVerdict.Refused(ForwardRefusal.RuleDenied, rule is null ? "no rule allows it" : $"rule {rule.Name} denies it");
    }

    private ForwardVerdict? Guard(ForwardProxyModel proxy, ForwardTarget target, GuardReason reason, ForwardRule rule, IPAddress? address)
    {
        if (reason == GuardReason.None)
        {
            return null;
        }

        var isEnforced = IsEnforced(proxy, reason);
        _reporter.Report(proxy, reason, target, rule, isEnforced);
        if (!isEnforced)
        {
            return null;
        }

        var what = address is null ? target.Host : target.Address is null ? $"{target.Host} at {address}" : $"{address}";
        return ForwardVerdict.Refused(reason == GuardReason.Loop ? ForwardRefusal.Loop : ForwardRefusal.GuardDenied, $"the egress guard refuses {what}: {reason}");
    }
}
