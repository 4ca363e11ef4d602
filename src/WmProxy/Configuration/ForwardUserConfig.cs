using System.Text;

namespace WmProxy.Configuration;

/// <summary>One entry of <c>Users</c>: who may use a forward proxy. Exactly one of the two is set.</summary>
public sealed record ForwardUserConfig
{
    /// <summary>The user's name: 1 to 255 bytes of UTF-8, without a colon (RFC 1929, RFC 7617 section 2).</summary>
    public required string Name { get; init; }

    /// <summary>The password in clear, also when it came from <c>PasswordFile</c>.</summary>
    public string? Password { get; init; }

    /// <summary>The password's hash, as <c>wmproxy hash-password</c> prints it.</summary>
    public string? PasswordHash { get; init; }

    // Neither the password nor its hash may end up in a log by way of ToString.
    private bool PrintMembers(StringBuilder builder)
    {
        builder.Append(nameof(Name)).Append(" = ").Append(Name);
        return true;
    }
}
