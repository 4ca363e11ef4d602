using System;
using System.Collections.Generic;
using WmProxy.Configuration;

namespace WmProxy.Connections.Tls;

/// <summary>Certificates whose files a <see cref="TlsCertificateWatcher"/> looks at.</summary>
internal interface IWatchedCertificates
{
    /// <summary>What a user should know of certificates that are shown all the same.</summary>
    IEnumerable<ConfigError> GetWarnings(DateTimeOffset now);

    /// <summary>
    /// Looks at the files. New handshakes use what has changed, as far as it can be used.
    /// </summary>
    /// <param name="errors">What cannot be used, said once for each state of the files.</param>
    /// <returns>What was taken over, one certificate an item; <see langword="null"/> stands for authorities.</returns>
    List<LoadedCertificate?> Reload(IList<ConfigError> errors);
}
