using System.Collections.Generic;
using System.Linq;
using System.Net;
using WmProxy.Configuration;
using WmProxy.Relay.Bandwidth;

namespace WmProxy.ForwardProxy.Access;

/// <summary>The rules of a forward proxy, in their order: the first that matches decides. Immutable.</summary>
internal sealed class ForwardRuleSet
{
    private static readonly ForwardRuleConfig AllowAll = new() { Action = ForwardRuleAction.Allow };

    private ForwardRuleSet(IReadOnlyList<ForwardRule> rules) => Rules = rules;

    public IReadOnlyList<ForwardRule> Rules { get; }

    /// <summary>Compiles the rules of <paramref name="proxy"/>; without any, everything is allowed.</summary>
    /// <param name="proxy">The forward proxy.</param>
    /// <param name="bandwidth">The proxy's own limits.</param>
    /// <param name="previous">The rules before a reload: what limits their bandwidth goes on, where it did not change.</param>
    /// <param name="compileBandwidth">Compiles the limits of one rule.</param>
    public static ForwardRuleSet Compile(
        ForwardProxyConfig proxy, BandwidthModel? bandwidth, ForwardRuleSet? previous, System.Func<BandwidthConfig?, BandwidthModel?, BandwidthModel?> compileBandwidth)
    {
        if (proxy.Rules.Count == 0)
        {
            return new ForwardRuleSet([new ForwardRule { Config = AllowAll, Index = ForwardRule.DefaultIndex, ClusterId = proxy.ClusterId, Bandwidth = bandwidth }]);
        }

        return new ForwardRuleSet([.. proxy.Rules.Select((rule, index) => new ForwardRule
        {
            Config = rule,
            Index = index,
            ClusterId = rule.ClusterId ?? proxy.ClusterId,
            Bandwidth = rule.Bandwidth is null
                ? bandwidth
                : compileBandwidth(rule.Bandwidth, previous?.Rules.FirstOrDefault(before => before.Config == rule)?.Bandwidth),
        })]);
    }

    /// <summary>The rule that decides about <paramref name="request"/>; <see langword="null"/> where none does, which is a refusal.</summary>
    /// <param name="request">The request.</param>
    /// <param name="name">The name asked for, as <see cref="HostName.Normalize"/> gives it; <see langword="null"/> for an address.</param>
    /// <param name="address">The address asked for, or one that the name resolves to; <see langword="null"/> where none is known.</param>
    /// <param name="needsAddress">Whether nothing can be said before the name is resolved.</param>
    public ForwardRule? Find(in ForwardRequest request, string? name, IPAddress? address, out bool needsAddress)
    {
        needsAddress = false;
        foreach (var rule in Rules)
        {
            switch (rule.Conditions.Match(request, name, address))
            {
                case RuleMatch.Yes:
                    return rule;
                case RuleMatch.NeedsAddress:
                    needsAddress = true;
                    return null;
            }
        }

        return null;
    }
}
