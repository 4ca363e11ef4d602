using System;
using System.Security.Cryptography;

namespace WmProxy.ForwardProxy.Http;

/// <summary>The user of a connection's last request: a hash made to be slow is asked once a connection only.</summary>
internal sealed class RememberedLogin
{
    private ForwardProxyModel? _proxy;
    private byte[]? _credentials;
    private string? _user;

    /// <summary>The user whose <paramref name="credentials"/> were found right before, by the same configuration.</summary>
    public string? Find(ForwardProxyModel proxy, ReadOnlySpan<byte> credentials)
    {
        if (_proxy != proxy)
        {
            return null;
        }

        Span<byte> hash = stackalloc byte[SHA256.HashSizeInBytes];
        SHA256.HashData(credentials, hash);
        return CryptographicOperations.FixedTimeEquals(hash, _credentials) ? _user : null;
    }

    /// <summary>The <paramref name="credentials"/> are those of <paramref name="user"/>, or of nobody.</summary>
    public void Set(ForwardProxyModel proxy, ReadOnlySpan<byte> credentials, string? user) =>
        (_user, _proxy, _credentials) = user is null ? (null, null, null) : (user, proxy, SHA256.HashData(credentials));
}
