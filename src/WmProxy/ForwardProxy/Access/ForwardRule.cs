using System.Globalization;
using WmProxy.Configuration;
using WmProxy.Relay.Bandwidth;

namespace WmProxy.ForwardProxy.Access;

/// <summary>A <see cref="ForwardRuleConfig"/>, compiled.</summary>
internal sealed class ForwardRule
{
    /// <summary>The index of the rule that applies where none is configured.</summary>
    public const int DefaultIndex = -1;

    private RuleConditions? _conditions;

    /// <summary>The rule's configuration, to compare the next one with.</summary>
    public required ForwardRuleConfig Config { get; init; }

    /// <summary>Its place, for logs and metrics: counted from 0, as in the key path; <see cref="DefaultIndex"/> where no rule is configured.</summary>
    public required int Index { get; init; }

    /// <summary>The parents to go through: the rule's, else the forward proxy's; <see langword="null"/> to dial directly.</summary>
    public string? ClusterId { get; init; }

    /// <summary>The limits of what it allows: the rule's, else the forward proxy's.</summary>
    public BandwidthModel? Bandwidth { get; init; }

    public RuleConditions Conditions => _conditions ??= new RuleConditions(Config);

    public bool IsAllow => Config.Action == ForwardRuleAction.Allow;

    /// <summary>Its place in words: <c>default</c> where no rule is configured.</summary>
    public string Name => Index == DefaultIndex ? "default" : Index.ToString(CultureInfo.InvariantCulture);
}
