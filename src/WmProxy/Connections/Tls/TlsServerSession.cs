using System.Net.Security;
using System.Security.Authentication;
using System.Security.Cryptography.X509Certificates;
using System.Threading;
using System.Threading.Tasks;

namespace WmProxy.Connections.Tls;

/// <summary>The server's side of one session, with what its callbacks have to tell.</summary>
internal sealed class TlsServerSession : SslStream
{
    private readonly TlsServerModel _model;

    /// <param name="inner">The client's bytes.</param>
    /// <param name="model">The settings to choose from.</param>
    /// <param name="serverName">The name in the ClientHello as far as known, for a hello that SslStream cannot read (several records).</param>
    public TlsServerSession(TlsInnerStream inner, TlsServerModel model, string? serverName)
        : base(inner, leaveInnerStreamOpen: true)
    {
        (_model, ServerName) = (model, serverName);
    }

    /// <summary>The name that the client asked for; <see langword="null"/> for none.</summary>
    public string? ServerName { get; private set; }

    /// <summary>What this side found wrong, in words for a log.</summary>
    public string? Error { get; private set; }

    /// <summary>Whether there is no certificate for <see cref="ServerName"/>.</summary>
    public bool IsNameUnknown { get; private set; }

    public Task AuthenticateAsync(CancellationToken cancellationToken) => AuthenticateAsServerAsync(SelectOptions, null, cancellationToken);

    /// <summary>A callback of the options that all sessions share.</summary>
    public static bool VerifyClientCertificate(object sender, bool isRequired, X509Certificate? certificate, X509Chain? chain, SslPolicyErrors errors)
    {
        if (certificate is null)
        {
            if (isRequired && sender is TlsServerSession session)
            {
                session.Error = "The client has shown no certificate, and one is required.";
            }

            return !isRequired;
        }

        if (errors == SslPolicyErrors.None)
        {
            return true;
        }

        if (sender is TlsServerSession refusing)
        {
            refusing.Error = $"The client's certificate '{certificate.Subject}' was refused: {CertificateProblem.Describe(certificate, chain)}.";
        }

        return false;
    }

    private static ValueTask<SslServerAuthenticationOptions> SelectOptions(
        SslStream stream, SslClientHelloInfo hello, object? state, CancellationToken cancellationToken)
    {
        var session = (TlsServerSession)stream;
        if (!string.IsNullOrEmpty(hello.ServerName))
        {
            session.ServerName = hello.ServerName;
        }

        if (session._model.Select(session.ServerName) is { } options)
        {
            return new ValueTask<SslServerAuthenticationOptions>(options);
        }

        session.IsNameUnknown = true;
        session.Error = session.ServerName is null ? "The client named no server, and there is no certificate for that." : $"There is no certificate for '{session.ServerName}'.";
        return ValueTask.FromException<SslServerAuthenticationOptions>(new AuthenticationException(session.Error));
    }
}
