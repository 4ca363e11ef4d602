namespace WmProxy.Configuration;

/// <summary>What becomes of a request that a rule matches.</summary>
public enum ForwardRuleAction
{
    /// <summary>It is refused.</summary>
    Deny,

    /// <summary>It is carried out.</summary>
    Allow,
}
