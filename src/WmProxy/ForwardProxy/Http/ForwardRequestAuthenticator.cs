using System.Security.Cryptography;
using System.Threading;
using System.Threading.Tasks;
using WmProxy.Http1;

namespace WmProxy.ForwardProxy.Http;

/// <summary>Knows whose a request is, by its <c>Proxy-Authorization</c>.</summary>
internal sealed class ForwardRequestAuthenticator
{
    private readonly IForwardAuthenticator _authenticator;

    public ForwardRequestAuthenticator(IForwardAuthenticator authenticator) => _authenticator = authenticator;

    /// <summary>The user; <see langword="null"/> for missing and for wrong credentials, and for two of them: which ones are meant?</summary>
    /// <param name="connection">The connection, with the head of the request.</param>
    /// <param name="proxy">Whose users.</param>
    /// <param name="cancellationToken">Gives up.</param>
    public async ValueTask<string?> AuthenticateAsync(ForwardHttpConnection connection, ForwardProxyModel proxy, CancellationToken cancellationToken)
    {
        if (Find(connection.Request) is not { } bytes)
        {
            return null;
        }

        try
        {
            if (connection.Login.Find(proxy, bytes) is { } known)
            {
                return known;
            }

            using var credentials = BasicCredentials.Parse(bytes);
            if (credentials is null)
            {
                return null;
            }

            var user = await _authenticator.AuthenticateAsync(proxy, credentials.User, credentials.Password, connection.Client, cancellationToken);
            connection.Login.Set(proxy, bytes, user);
            return user;
        }
        finally
        {
            CryptographicOperations.ZeroMemory(bytes);
        }
    }

    private static byte[]? Find(RequestHead request)
    {
        var found = request.IndexOf(FieldKind.ProxyAuthorization);
        return found < 0 || request.ValueOf(found).IsEmpty || request.IndexOf(FieldKind.ProxyAuthorization, found + 1) >= 0 ? null : request.ValueOf(found).ToArray();
    }
}
