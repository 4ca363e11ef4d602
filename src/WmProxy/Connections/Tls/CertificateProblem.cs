using System;
using System.Collections.Generic;
using System.Linq;
using System.Security.Cryptography.X509Certificates;

namespace WmProxy.Connections.Tls;

/// <summary>Says in words for a log why a certificate was not accepted.</summary>
internal static class CertificateProblem
{
    private const X509ChainStatusFlags UnknownAuthority = X509ChainStatusFlags.UntrustedRoot | X509ChainStatusFlags.PartialChain;

    /// <summary>What is wrong with the chain; never empty.</summary>
    public static string Describe(X509Certificate certificate, X509Chain? chain)
    {
        var problems = new List<string>();
        var flags = chain?.ChainStatus.Aggregate(X509ChainStatusFlags.NoError, (all, s) => all | s.Status) ?? X509ChainStatusFlags.NoError;
        if (flags.HasFlag(X509ChainStatusFlags.NotTimeValid))
        {
            problems.Add(DescribeTime(certificate, chain!));
            flags &= ~X509ChainStatusFlags.NotTimeValid;
        }

        if ((flags & UnknownAuthority) != 0)
        {
            problems.Add($"its authority '{(chain!.ChainElements is [.., var last] ? last.Certificate.Issuer : certificate.Issuer)}' is not known");
            flags &= ~UnknownAuthority;
        }

        if (flags.HasFlag(X509ChainStatusFlags.NotValidForUsage))
        {
            problems.Add("it is not made for this use (extended key usage)");
            flags &= ~X509ChainStatusFlags.NotValidForUsage;
        }

        if (flags != X509ChainStatusFlags.NoError)
        {
            problems.Add(flags.ToString());
        }

        return problems.Count == 0 ? "it could not be verified" : string.Join("; ", problems);
    }

    /// <summary>The names that a certificate is for, at most a few of them.</summary>
    public static string DescribeNames(X509Certificate2 certificate)
    {
        var names = certificate.Extensions.OfType<X509SubjectAlternativeNameExtension>()
            .SelectMany(e => e.EnumerateDnsNames().Concat(e.EnumerateIPAddresses().Select(a => a.ToString())))
            .Take(9)
            .ToArray();
        return names.Length switch
        {
            0 => $"no name ('{certificate.Subject}')",
            9 => $"{string.Join(", ", names[..8])}, ...",
            _ => string.Join(", ", names),
        };
    }

    private static string DescribeTime(X509Certificate certificate, X509Chain chain)
    {
        // The one of the chain that is out of its time, the leaf if it is.
        var wrong = chain.ChainElements.FirstOrDefault(e => e.ChainElementStatus.Any(s => s.Status.HasFlag(X509ChainStatusFlags.NotTimeValid)))?.Certificate;
        if (wrong is null)
        {
            return "it is out of its time";
        }

        var name = wrong.Subject == certificate.Subject ? "it" : $"'{wrong.Subject}' in its chain";
        return wrong.NotAfter.ToUniversalTime() < DateTime.UtcNow
            ? $"{name} expired at {wrong.NotAfter.ToUniversalTime():u}"
            : $"{name} is not valid before {wrong.NotBefore.ToUniversalTime():u}";
    }
}
