namespace WmProxy.ForwardProxy.Access;

/// <summary>What a rule says of a request.</summary>
internal enum RuleMatch
{
    /// <summary>It is not for it.</summary>
    No,

    /// <summary>It decides.</summary>
    Yes,

    /// <summary>That depends on the address of the name.</summary>
    NeedsAddress,
}
